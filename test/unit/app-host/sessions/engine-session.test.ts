/** The engine's chat and the stored chat stay the same, whatever fails or is stopped. */
import { beforeEach, expect, it } from 'vitest';
import { EngineSession } from '../../../../electron/app-host/sessions/engine-session.ts';
import type { ReadResult } from '../../../../electron/contract/engine-reports.ts';
import { AppError } from '../../../../electron/contract/errors.ts';
import type { EngineVerbs } from '../../../../electron/engine-host/engine-client.ts';

const subject = { chatId: 'ours', documentId: 'document' };
let session: EngineSession;
let calls: string[];
let waiting: Promise<void>;
let failure: AppError | undefined;
const verbs = {
  newChat: async () => {
    calls.push('newChat');
    await waiting;
    return { chatId: `theirs-${calls.length}` };
  },
  truncate: async ({ turns }: { turns: number }) => {
    calls.push(`truncate ${turns}`);
    if (failure) throw failure;
  },
} as unknown as EngineVerbs;

beforeEach(() => {
  session = new EngineSession();
  [calls, waiting, failure] = [[], Promise.resolve(), undefined];
  const read = { documentId: 'read', nTokens: 9, bytes: 9, onDevice: true, prefillMs: 1 } as ReadResult;
  session.addDocument('document', read, { kvType: 'f16', effort: 'medium', pages: null });
});

it('a chat that could not be cut off still holds the other branch, and is cut off the next time', async () => {
  const { chat } = await session.chatAlong(verbs, subject, [], 'full');
  chat.asked.push(['one'], ['two']);
  failure = new AppError('BUSY', 'Not now.');
  await expect(session.chatAlong(verbs, subject, ['one', 'other'], 'full')).rejects.toMatchObject({ code: 'BUSY' });
  failure = undefined;
  expect((await session.chatAlong(verbs, subject, ['one', 'other'], 'full')).held).toBe(1);
  expect(calls).toEqual(['newChat', 'truncate 1', 'truncate 1']);
});

it('who asks again while a chat is being begun gets that one', async () => {
  let begun = () => {};
  waiting = new Promise((resolve) => {
    begun = resolve;
  });
  const [first, second] = [1, 2].map(() => session.chatAlong(verbs, subject, [], 'full'));
  begun();
  expect((await first)?.chat).toBe((await second)?.chat);
  expect(calls).toEqual(['newChat']);
});
