/**
 * Entry: the window in a browser. `node out/main/serve.js [options] [file...]`. This process is the app host with HTTP around it: no other
 * process is needed, since it has no window that must stay responsive.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchProcess } from '../app-host/log.ts';
import { openAppHost } from '../app-host/open-app-host.ts';
import { askToSignOut, OpenAlready } from '../app-host/single-instance.ts';
import { toAppError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import { createAppServer } from './http-server.ts';
import { openWindow } from './open-window.ts';
import { allowedHosts } from './request-checks.ts';
import { inTheClear, type ServeOptions, serveOptions, usage, windowAddress } from './serve-options.ts';
import { SessionTokens } from './session-tokens.ts';
import { waitLine } from './wait-line.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
watchProcess();
const options = optionsOrExit();
const { port, threads, dataDir } = options;
if (options.signOut) await signOut();
const defaults: Partial<Settings> = threads === undefined ? {} : { threads };
const noFolder = options.models.find((folder) => !existsSync(folder));
if (noFolder !== undefined) refuse(`There is no folder ${noFolder} to list models of (--models).`);
const tokens = new SessionTokens();
const webRoot = join(root, 'out', 'renderer');
if (!existsSync(join(webRoot, 'index.html'))) refuse('The window is not built yet. Run: npm run serve');

const { app, programs } = await openAppHost(
  {
    dataDir,
    files: options.files,
    modelFolders: options.models,
    ...(options.catalogue === undefined ? {} : { catalogueFile: options.catalogue }),
    defaults,
    onWait: waitLine(process.stdout),
    onSecondStart: showAgain,
    onSignOut: () => tokens.revokeAll(),
  },
  options.apiPort === undefined ? {} : { thisRun: { port: options.apiPort } },
).catch((error) => {
  if (error instanceof OpenAlready) {
    process.stdout.write(`${error.message}\n`);
    process.exit(0);
  }
  const { code, message } = toAppError(error);
  refuse(`Error ${code}: ${message}`);
});
tokens.onChange = () => app.revisions.note('windows');
let link: (() => string) | undefined;
let hosts = allowedHosts(0);
const server = createAppServer({ app, tokens, webRoot, hosts: () => hosts });
server.on('error', (error: NodeJS.ErrnoException) => {
  process.stderr.write(
    error.code === 'EADDRINUSE' ? `Port ${port} is taken: choose another with --port.\n` : `${error.message}\n`,
  );
  void app.close().finally(() => process.exit(1));
});

server.listen(port, options.host, () => {
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  hosts = allowedHosts(bound, options.allowHosts, options.behindProxy);
  const newLink = () => `${windowAddress(options, bound)}#launch=${tokens.newLaunchCode()}`;
  link = newLink;
  const first = newLink();
  process.stdout.write(`RocketDoc: ${first}\nThe link works once. Press Enter for a new one, Ctrl+C to end.\n`);
  const clear = inTheClear(options);
  if (clear !== undefined) process.stdout.write(`${clear}\n`);
  void programs.then(({ thisRun }) => {
    if (thisRun) process.stdout.write(`API: ${thisRun.address} ${thisRun.key}\n`);
    else if (app.programs.problem !== null) process.stderr.write(`${app.programs.problem}\n`);
  });
  if (options.open) void openWindow(first, dataDir);
  process.stdin.on('data', () => process.stdout.write(`RocketDoc: ${newLink()}\n`));
  process.stdin.unref?.();
});

/** Called when somebody started RocketDoc again: opens another window, which lists the files that were named then. */
function showAgain(files: string[]): void {
  for (const file of files) app.grants.offer(file);
  if (link === undefined) return;
  const again = link();
  process.stdout.write(`RocketDoc: ${again}\n`);
  if (options.open) void openWindow(again, dataDir);
}

async function signOut(): Promise<never> {
  if (!(await askToSignOut(dataDir))) refuse(`No RocketDoc for browsers runs with ${dataDir}.`);
  process.stdout.write('Every window is signed out. Press Enter where RocketDoc runs for a new link.\n');
  process.exit(0);
}

function optionsOrExit(): ServeOptions {
  const parsed = serveOptions(process.argv.slice(2));
  if (parsed === 'help') {
    process.stdout.write(usage);
    process.exit(0);
  }
  return 'wrong' in parsed ? refuse(parsed.wrong) : parsed;
}

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
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
