/** Entry: the window in a browser. `node --import tsx electron/server/serve.ts [--host --port --data-dir --no-open] [file...]` */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Settings } from '../contract/app-types.ts';
import { toAppError } from '../contract/errors.ts';
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
  --data-dir <folder>   library and chats (default: ~/.rocketdoc)
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
const webRoot = join(root, 'out', 'renderer');
if (!existsSync(join(webRoot, 'index.html'))) {
  process.stderr.write('The window is not built yet. Run: npm run serve\n');
  process.exit(2);
}

const app = await startUp({ dataDir: values['data-dir'], files: positionals, defaults }).catch((error) => {
  const { code, message } = toAppError(error);
  process.stderr.write(`Error ${code}: ${message}\n`);
  process.exit(2);
});
const tokens = new SessionTokens();
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
  const link = () => `http://${name}:${bound}/#launch=${tokens.newLaunchCode()}`;
  const first = link();
  process.stdout.write(`RocketDoc: ${first}\nThe link works once. Press Enter for a new one, Ctrl+C to end.\n`);
  if (!values['no-open']) void openWindow(first);
  process.stdin.on('data', () => process.stdout.write(`RocketDoc: ${link()}\n`));
  process.stdin.unref?.();
});

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
