/**
 * Entry of the document host: a child process that parses one file and is then ended by its parent. It reads that file,
 * writes none, and has no use for the network.
 */
import { type HostMessage, type ParseStep, parseRequestSchema } from '../contract/documents.ts';
import { toAppError } from '../contract/errors.ts';
import { openHostPort } from './host-port.ts';
import { watchMemory } from './memory-watch.ts';
import { parseFile } from './parse-file.ts';

const chunkUnits = 1 << 20; // UTF-16 units of text in one message
const progressEveryMs = 50;

const port = openHostPort();

// No parser asks for these; one that did, because of something in a document, should fail.
for (const name of ['WebSocket', 'XMLHttpRequest', 'EventSource']) Reflect.deleteProperty(globalThis, name);
// tesseract.js would load one of its own where there is none.
globalThis.fetch = () => Promise.reject(new Error('The document reader fetches nothing.'));

port.onMessage((message) => {
  parse(message).catch((error: unknown) => {
    const { code, message: sentence } = toAppError(error);
    port.post({ type: 'error', code, message: sentence.slice(0, 4000) });
  });
});
port.post({ type: 'ready' });

async function parse(message: unknown): Promise<void> {
  const { path, limits, ...options } = parseRequestSchema.parse(message);
  await watchMemory(limits.maxRssBytes);
  const { text, ...fields } = await parseFile(path, { ...options, limits, onProgress: throttledProgress() });
  for (let at = 0; at < text.length; at += chunkUnits) {
    port.post({ type: 'text', chunk: text.slice(at, at + chunkUnits) });
  }
  port.post({ type: 'result', ...fields });
}

/** The first report of a step always goes out: it carries the number of pages, on which the time limit depends. */
function throttledProgress(): (done: number, total: number, step: ParseStep) => void {
  let last = Number.NEGATIVE_INFINITY;
  let lastStep: ParseStep | undefined;
  return (done, total, step) => {
    const now = performance.now();
    if (step === lastStep && now - last < progressEveryMs) return;
    last = now;
    lastStep = step;
    port.post({ type: 'progress', step, done, total } satisfies HostMessage);
  };
}
