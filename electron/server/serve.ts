/** Entry: the window in a browser. `node --import tsx electron/server/serve.ts [options] [file...]` */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { toAppError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import { OpenAlready } from '../workspace/doorbell.ts';
import { defaultDataDir, startUp } from '../workspace/start-up.ts';
import { allowedHosts } from './gates.ts';
import { createAppServer } from './http-server.ts';
import { openWindow } from './open-window.ts';
import { SessionTokens } from './session-tokens.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const usage = `Usage: serve.ts [options] [file...]
  --host <address>      where to listen (default 127.0.0.1)
  --allow-host <name>   a name the window is opened under, for a server off loopback (repeatable)
  --port <number>       0: any free one (default 4680)
  --data-dir <folder>   library, chats and downloaded models (default: ~/.rocketdoc)
  --models <folder>     GGUF files in it can be chosen in the window, opened where they are (repeatable)
  --catalogue <file>    models to download, instead of assets/models/catalogue.json
  --threads <number>    the engine's threads until the settings say otherwise
  --no-open             print the link, do not open a browser
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    'allow-host': { type: 'string', multiple: true, default: [] },
    port: { type: 'string', default: '4680' },
    'data-dir': { type: 'string', default: defaultDataDir },
    models: { type: 'string', multiple: true, default: [] },
    catalogue: { type: 'string' },
    threads: { type: 'string' },
    'no-open': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const numbers = z.object({
  port: z.coerce.number().int().min(0).max(65_535),
  threads: z.coerce.number().int().min(0).max(256),
});
const { port, threads } = numbers.parse({ port: values.port, threads: values.threads ?? 0 });
const defaults: Partial<Settings> = values.threads === undefined ? {} : { threads };
const isLoopback = ['127.0.0.1', '::1', 'localhost'].includes(values.host);
if (!isLoopback && values['allow-host'].length === 0) {
  process.stderr.write(
    'Off loopback the window needs its name: --allow-host <name or address as typed in the browser>.\n',
  );
  process.exit(2);
}
const noFolder = values.models.find((folder) => !existsSync(folder));
if (noFolder !== undefined) {
  process.stderr.write(`There is no folder ${noFolder} to list models of (--models).\n`);
  process.exit(2);
}
const webRoot = join(root, 'out', 'renderer');
if (!existsSync(join(webRoot, 'index.html'))) {
  process.stderr.write('The window is not built yet. Run: npm run serve\n');
  process.exit(2);
}

const app = await startUp({
  dataDir: values['data-dir'],
  files: positionals,
  modelFolders: values.models,
  ...(values.catalogue === undefined ? {} : { catalogueFile: values.catalogue }),
  defaults,
  onSecondStart: showAgain,
}).catch((error) => {
  if (error instanceof OpenAlready) {
    process.stdout.write(`${error.message}\n`);
    process.exit(0);
  }
  const { code, message } = toAppError(error);
  process.stderr.write(`Error ${code}: ${message}\n`);
  process.exit(2);
});
const tokens = new SessionTokens();
let link: (() => string) | undefined;
let hosts: ReadonlySet<string> = new Set();
const server = createAppServer({ app, tokens, webRoot, hosts: () => hosts });
server.on('error', (error: NodeJS.ErrnoException) => {
  process.stderr.write(
    error.code === 'EADDRINUSE' ? `Port ${port} is taken: choose another with --port.\n` : `${error.message}\n`,
  );
  void app.close().finally(() => process.exit(1));
});

server.listen(port, values.host, () => {
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  hosts = allowedHosts(bound, values['allow-host']);
  const name = values['allow-host'][0] ?? '127.0.0.1';
  const newLink = () => `http://${name}:${bound}/#launch=${tokens.newLaunchCode()}`;
  link = newLink;
  const first = newLink();
  process.stdout.write(`RocketDoc: ${first}\nThe link works once. Press Enter for a new one, Ctrl+C to end.\n`);
  if (!values['no-open']) void openWindow(first);
  process.stdin.on('data', () => process.stdout.write(`RocketDoc: ${newLink()}\n`));
  process.stdin.unref?.();
});

/** Somebody started RocketDoc again: another window, which offers the files that were named then. */
function showAgain(files: string[]): void {
  for (const file of files) app.grants.offer(file);
  if (link === undefined) return;
  const again = link();
  process.stdout.write(`RocketDoc: ${again}\n`);
  if (!values['no-open']) void openWindow(again);
}

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  server.close();
  server.closeAllConnections();
  void app.close().finally(() => process.exit(0));
}
process.on('SIGINT', end);
process.on('SIGTERM', end);
