import { afterEach, expect, it } from 'vitest';
import { joinOfLibrary } from '../../../../electron/app-host/documents/join-documents.ts';
import { type FakeServer, startFakeServer } from '../../../fixtures/app-server.ts';

let server: FakeServer;
afterEach(() => server.close());

async function library() {
  server = await startFakeServer({ pieces: [] }, '/nowhere');
  const { app } = server;
  const add = (name: string, text: string) => {
    const pages = [{ label: '1', start: 0, end: text.length }];
    const parsed = { title: name, format: 'pdf' as const, notes: [], text, pages };
    return app.documents.add({ parsed, fileName: name, fileBytes: 10, sha256: name, tokens: undefined }).id;
  };
  return { app, lease: add('Lease', 'The rent is 900.'), letter: add('Letter', 'The rent is 950 now.') };
}

it('makes one document of several, in the order given, with pages that say where they are from', async () => {
  const { app, lease, letter } = await library();
  const both = await joinOfLibrary(app, [letter, lease]);
  expect(both).toMatchObject({ name: 'Letter and 1 more', joined: 2, format: 'txt', pages: 2, fileBytes: 20 });
  const { text, pages } = app.documents.text(both.id, null);
  expect(text).toBe('The rent is 950 now.\n\nThe rent is 900.');
  expect(pages.map(({ label }) => label)).toEqual(['Letter: 1', 'Lease: 1']);
  // Joining the same documents again gives the same one; in another order it gives another one.
  expect((await joinOfLibrary(app, [letter, lease])).id).toBe(both.id);
  expect((await joinOfLibrary(app, [lease, letter])).id).not.toBe(both.id);
  app.documents.remove(lease);
  expect(app.documents.text(both.id, null).text).toBe(text);
});

it('refuses one twice, a joined one, and one that is gone', async () => {
  const { app, lease, letter } = await library();
  await expect(joinOfLibrary(app, [lease, lease])).rejects.toThrow('once');
  const both = await joinOfLibrary(app, [lease, letter]);
  await expect(joinOfLibrary(app, [both.id, lease])).rejects.toThrow('cannot be joined again');
  app.documents.remove(letter);
  await expect(joinOfLibrary(app, [lease, letter])).rejects.toMatchObject({ code: 'DOC_MISSING' });
});
