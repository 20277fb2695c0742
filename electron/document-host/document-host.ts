/**
 * Entry of the document host: a child process that parses one file and is then ended by its parent. It reads that file,
 * writes none, and has no network (hosts/no-network.ts).
 */
import { type HostMessage, type ParseStep, parseRequestSchema } from '../contract/documents.ts';
import { toAppError } from '../contract/errors.ts';
import { forbidNetwork } from '../hosts/no-network.ts';
import { requireParentPort } from '../hosts/parent-port.ts';
import { watchMemory } from './memory-watch.ts';
import { parseFile } from './parse-file.ts';

const chunkUnits = 1 << 20; // UTF-16 units of text in one message
const progressEveryMs = 50;

forbidNetwork();
const parent = requireParentPort('document-host');
parent.onGone(() => process.exit(0)); // the parent is gone: nobody needs the result
const post = (message: HostMessage) => parent.post(message);

parent.onMessage((message) => {
  parse(message).catch((error: unknown) => {
    const { code, message: sentence, advice } = toAppError(error);
    post({ type: 'error', code, message: sentence.slice(0, 4000), advice });
  });
});
post({ type: 'ready' });

async function parse(message: unknown): Promise<void> {
  const { path, limits, ...options } = parseRequestSchema.parse(message);
  await watchMemory(limits.maxRssBytes);
  const { text, ...fields } = await parseFile(path, { ...options, limits, onProgress: throttledProgress() });
  for (let at = 0; at < text.length; at += chunkUnits) {
    post({ type: 'text', chunk: text.slice(at, at + chunkUnits) });
  }
  post({ type: 'result', ...fields });
}

/** The first report of a step is always sent: it has the number of pages, on which the time limit depends. */
function throttledProgress(): (done: number, total: number, step: ParseStep) => void {
  let last = Number.NEGATIVE_INFINITY;
  let lastStep: ParseStep | undefined;
  return (done, total, step) => {
    const now = performance.now();
    if (step === lastStep && now - last < progressEveryMs) return;
    last = now;
    lastStep = step;
    post({ type: 'progress', step, done, total });
  };
}
