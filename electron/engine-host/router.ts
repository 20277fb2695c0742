/** Maps the contract's verbs to the engine. Every failure leaves as an AppError's code and sentence. */
import { implement } from '@orpc/server';
import { engineContract } from '../contract/engine.ts';
import { rocketOptionsFor } from '../contract/method.ts';
import { rpcErrors } from '../hosts/rpc-errors.ts';
import { TokenCounting } from './count-tokens.ts';
import type { Engine } from './engine.ts';

export function engineRouter(engine: Engine) {
  const counted = new TokenCounting();
  const os = implement(engineContract).use(rpcErrors());
  return os.router({
    openModel: os.openModel.handler(({ input }) => engine.openModel(input)),
    probeDevice: os.probeDevice.handler(({ input }) => engine.probeDevice(input.device)),
    inspect: os.inspect.handler(({ input }) => engine.inspect(input.path)),
    countTokens: os.countTokens.handler(({ input }) => counted.count(input.path, input.texts)),
    plan: os.plan.handler(({ input }) => engine.plan(input)),
    readDocument: os.readDocument.handler(({ input, signal }) => engine.readDocument(input, signal)),
    pauseReading: os.pauseReading.handler(async ({ input }) => ({
      done: await engine.reading(input.readingId).pause(),
    })),
    resumeReading: os.resumeReading.handler(({ input }) => engine.reading(input.readingId).resume()),
    keepDocument: os.keepDocument.handler(({ input, signal }) =>
      engine.keepDocument(input.documentId, input.path, signal),
    ),
    forgetDocument: os.forgetDocument.handler(({ input }) => engine.forgetDocument(input.documentId)),
    newChat: os.newChat.handler(({ input }) => engine.newChat(input.documentId)),
    closeChat: os.closeChat.handler(({ input }) => engine.closeChat(input.chatId)),
    ask: os.ask.handler(({ input, signal }) => engine.ask(input, signal)),
    regenerate: os.regenerate.handler(({ input, signal }) => engine.regenerate(input, signal)),
    truncate: os.truncate.handler(({ input }) => engine.truncate(input.chatId, input.turns)),
    cancel: os.cancel.handler(({ input }) => engine.cancel(input.target)),
    counters: os.counters.handler(({ input }) => engine.counters(input.chatId)),
    documentMap: os.documentMap.handler(({ input }) => engine.documentMap(input.chatId)),
    measureUsualReads: os.measureUsualReads.handler(({ input: { documentId, ...choice }, signal }) =>
      engine.measureUsualReads(documentId, choice, signal),
    ),
    passageReads: os.passageReads.handler(({ input }) => engine.passageReads(input.chatId, input.passages)),
    measureReference: os.measureReference.handler(({ input: { chatId, question, maxNew }, signal }) =>
      engine.measureReference(chatId, question, maxNew, rocketOptionsFor({ mode: 'full', maxNew }), signal),
    ),
    measureAgainst: os.measureAgainst.handler(({ input, signal }) =>
      engine.measureAgainst(input.chatId, input.referenceId, input.mode, input.rocket, signal),
    ),
    forgetReference: os.forgetReference.handler(({ input }) => engine.forgetReference(input.referenceId)),
    close: os.close.handler(() => engine.close()),
  });
}
