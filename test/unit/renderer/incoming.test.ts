/** Files that are dropped before there is a connection wait for it instead of failing. */
import { expect, it } from 'vitest';
import { type AppClient, setApi } from '../../../renderer/stores/api.ts';
import { addFiles, useLibrary } from '../../../renderer/stores/library.ts';

it('wait until the server is connected, and are added then', async () => {
  addFiles([new File(['The rent is 950.'], 'lease.md')]);
  // Long enough for an attempt to fail, if one were made.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(useLibrary.getState().incoming).toMatchObject([{ name: 'lease.md', phase: 'waiting', failure: null }]);
  const document = { id: 'd1', name: 'lease.md', format: 'md', pages: 1, notes: [] };
  const client = {
    library: {
      addUpload: async function* ({ uploadId }: { uploadId: string }) {
        yield { type: 'done', document: { ...document, uploadId }, outcome: 'added' };
      },
      list: async () => [document],
      grants: async () => [],
      notices: async () => [],
      pages: async () => [],
    },
  };
  setApi({
    client: client as unknown as AppClient,
    sendFile: async ({ name }) => ({ uploadId: `of ${name}` }),
    loadFile: async () => new ArrayBuffer(0),
    failure: (error) => ({ code: 'IO', message: String(error) }),
  });
  await expect
    .poll(() => useLibrary.getState())
    .toMatchObject({ incoming: [], selectedId: 'd1', documents: [document] });
});
