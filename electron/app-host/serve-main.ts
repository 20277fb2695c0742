/**
 * The app host's side of the connection to Electron's main process (contract/app-host.ts). SQLite and the modules that use it are loaded
 * only when main asks to open the library, in a package after its native files were checked.
 */
import { Readable } from 'node:stream';
import { implement } from '@orpc/server';
import { type AppHostAsk, appHostContract, type OpenAppHost } from '../contract/app-host.ts';
import { AppError } from '../contract/errors.ts';
import { startEngine } from '../engine-host/engine-client.ts';
import { receivedBytes } from '../hosts/byte-port.ts';
import { EventChannel } from '../hosts/event-channel.ts';
import { type HandedPort, HandedPorts } from '../hosts/handed-port.ts';
import type { MainConnection } from '../hosts/parent-port.ts';
import { rpcErrors } from '../hosts/rpc-errors.ts';
import { serveHost } from '../hosts/serve-host.ts';
import { defaultDataDir } from './data-dir.ts';
import { HostsByMain } from './hosts-by-main.ts';
import { logNoted } from './log.ts';
import { checkPackedFiles } from './packed-files.ts';
import { OpenAlready } from './single-instance.ts';
import { failureForWindow } from './window-words.ts';

/** `exit`: ends the process. */
export function serveMain(main: MainConnection, exit: () => void = () => process.exit(0)): void {
  const asks = new EventChannel<AppHostAsk>();
  const hosts = new HostsByMain((ask) => asks.push(ask));
  const ports = new HandedPorts();
  const windows = new Map<string, () => void>();
  let opening: ReturnType<typeof open> | undefined;

  main.onPort((id, port) => {
    if (!hosts.takePort(id, port)) ports.put(id, port);
  });

  async function open({ isPackaged, ...rest }: OpenAppHost) {
    checkPackedFiles(isPackaged);
    const [{ openAppHost }, { windowPorts }, { outgoingFile }, { documentFile }] = await Promise.all([
      import('./open-app-host.ts'),
      import('./window-api/window-port.ts'),
      import('./window-api/outgoing-file.ts'),
      import('./documents/document-texts.ts'),
    ]);
    const { app } = await openAppHost({
      dataDir: defaultDataDir(),
      ...rest,
      onWait: (wait) => asks.push({ ask: 'wait', ...wait }),
      onSecondStart: (files) => asks.push({ ask: 'show', files }),
      startEngine: () => startEngine({ startHost: () => hosts.start({ kind: 'engine' }) }),
      startDocumentHost: ({ maxHeapBytes }) => hosts.start({ kind: 'document', maxHeapBytes }),
    });
    return { app, serveWindow: windowPorts(app), outgoingFile, documentFile };
  }

  const opened = () => opening ?? Promise.reject(new AppError('CLOSED', 'The library is not open yet.'));
  const port = (id: string): HandedPort => {
    const taken = ports.take(id);
    if (!taken) throw new AppError('INVALID_ARGUMENT', 'There is no port of this id.');
    return taken;
  };

  const os = implement(appHostContract).use(rpcErrors(failureForWindow));
  const router = os.router({
    asks: os.asks.handler(() => asks[Symbol.asyncIterator]()),
    open: os.open.handler(async ({ input }) => {
      opening ??= open(input);
      try {
        await opening;
        return 'open';
      } catch (error) {
        if (error instanceof OpenAlready) return 'elsewhere';
        throw error;
      }
    }),
    connectWindow: os.connectWindow.handler(async ({ input: { portId } }) => {
      const { serveWindow } = await opened();
      windows.set(portId, serveWindow(port(portId)));
    }),
    disconnectWindow: os.disconnectWindow.handler(({ input: { portId } }) => {
      windows.get(portId)?.();
      windows.delete(portId);
    }),
    grant: os.grant.handler(async ({ input }) => (await opened()).app.grants.give(input.path)),
    receiveUpload: os.receiveUpload.handler(async ({ input: { portId, name } }) => {
      const { app } = await opened();
      return { uploadId: await app.uploads.receive(name, Readable.from(receivedBytes(port(portId)))) };
    }),
    outgoingFile: os.outgoingFile.handler(async ({ input }) => {
      const { app, outgoingFile } = await opened();
      return { path: await outgoingFile(app, input) };
    }),
    documentFile: os.documentFile.handler(async ({ input }) => {
      const { app, documentFile } = await opened();
      return documentFile(app, input.documentId);
    }),
    note: os.note.handler(({ input }) => logNoted(input)),
    hostStarted: os.hostStarted.handler(({ input: { id, pid } }) => hosts.started(id, pid)),
    hostEnded: os.hostEnded.handler(({ input: { id, error, ...exit } }) => hosts.ended(id, { error, ...exit })),
  });

  let isEnding = false;
  serveHost(main, router, () => {
    if (isEnding) return;
    isEnding = true;
    const closed = opening?.then(({ app }) => app.close());
    void Promise.resolve(closed)
      .catch(() => {})
      .finally(exit);
  });
}
