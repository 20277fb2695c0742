/** Ends while the engine reads: `exit` by process.exit, `worker` by the end of the thread that loaded the addon. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openTinyEngine, tokens } from '../tiny-engine.ts';

async function read(path: string, begun: () => void) {
  const engine = await openTinyEngine(path);
  const document = engine.createDocument({ documentType: 'f16' });
  document.fork().close();
  await document.read(tokens(0, 4000), { segment: 4000, tile: 64 }, begun);
}

const [, , how, path = ''] = process.argv;
if (!isMainThread) await read(workerData as string, () => parentPort?.postMessage('reading'));
else if (how === 'exit') await read(path, () => process.exit(0));
else {
  // A worker does not inherit tsx, so it registers it again.
  const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}); });`;
  const worker = new Worker(start, { eval: true, workerData: path });
  worker.on('error', (error) => {
    throw error;
  });
  worker.once('message', () => void worker.terminate());
}
