/**
 * Entry of the document host: a child process that parses one file and is then ended by its parent. It reads that file,
 * writes none, and has no use for the network.
 */
import { type HostMessage, parseRequestSchema } from '../contract/documents.ts';
import { toAppError } from '../contract/errors.ts';
import { openHostPort } from './host-port.ts';
import { watchMemory } from './memory-watch.ts';
import { parseFile } from './parse-file.ts';

const chunkUnits = 1 << 20; // UTF-16 units of text in one message
const progressEveryMs = 50;

const port = openHostPort();

// No parser asks for these; one that did, because of something in a document, should fail.
for (const name of ['fetch', 'WebSocket', 'XMLHttpRequest', 'EventSource']) Reflect.deleteProperty(globalThis, name);

port.onMessage((message) => {
  parse(message).catch((error: unknown) => {
    const { code, message: sentence } = toAppError(error);
    port.post({ type: 'error', code, message: sentence.slice(0, 4000) });
  });
});
port.post({ type: 'ready' });

async function parse(message: unknown): Promise<void> {
  const { path, password, choice, limits } = parseRequestSchema.parse(message);
  await watchMemory(limits.maxRssBytes);
  const { text, ...fields } = await parseFile(path, { limits, choice, password, onProgress: throttledProgress() });
  for (let at = 0; at < text.length; at += chunkUnits) {
    port.post({ type: 'text', chunk: text.slice(at, at + chunkUnits) });
  }
  port.post({ type: 'result', ...fields });
}

/** The first report always goes out: it carries the number of pages, on which the time limit depends. */
function throttledProgress(): (done: number, total: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = performance.now();
    if (now - last < progressEveryMs) return;
    last = now;
    port.post({ type: 'progress', done, total } satisfies HostMessage);
  };
}
