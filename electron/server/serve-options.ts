/** Parses and checks the command line of `serve`, with a sentence for each mistake. */
import { parseArgs } from 'node:util';
import { defaultDataDir } from '../app-host/data-dir.ts';

export const usage = `Usage: npm run serve -- [options] [file...]
  --host <address>      where to listen (default 127.0.0.1)
  --allow-host <name>   a name the window is opened under, for a server off loopback (repeatable)
  --behind-proxy        a proxy before it ends TLS: the names of --allow-host are answered over https alone, as its
                        X-Forwarded-Proto tells; give the proxy's port with the name where it is not 443
  --port <number>       0: any free one (default 4680)
  --data-dir <folder>   library, chats and downloaded models (default: ~/.rocketdoc)
  --models <folder>     GGUF files in it can be chosen in the window, opened where they are (repeatable)
  --catalogue <file>    models to download, instead of assets/models/catalogue.json
  --threads <number>    the engine's threads until the settings say otherwise
  --api                 other programs of this machine may ask in this run; prints the address and a key
  --api-port <number>   where they ask (default: any free one)
  --sign-out            signs every window out of the RocketDoc that runs with this data folder, and ends
  --no-open             print the link, do not open a browser
`;

export interface ServeOptions {
  host: string;
  allowHosts: string[];
  behindProxy: boolean;
  port: number;
  dataDir: string;
  models: string[];
  catalogue: string | undefined;
  threads: number | undefined;
  open: boolean;
  /** Serves nothing: asks the running `serve` to sign its windows out. */
  signOut: boolean;
  /** Port of the API for this run; undefined: as the settings say. */
  apiPort: number | undefined;
  files: string[];
}

/** 'help', the options, or one sentence about what is wrong with them. */
export function serveOptions(args: readonly string[]): ServeOptions | 'help' | { wrong: string } {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { wrong: (error as Error).message.split('. To specify')[0] ?? 'These options are not known.' };
  }
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  const port = wholeNumber(values.port, 65_535);
  if (port === undefined) return { wrong: `--port is a whole number from 0 to 65535, not "${values.port}".` };
  const apiPort = wholeNumber(values['api-port'], 65_535);
  if (apiPort === undefined)
    return { wrong: `--api-port is a whole number from 0 to 65535, not "${values['api-port']}".` };
  const threads = values.threads === undefined ? undefined : wholeNumber(values.threads, 256);
  if (values.threads !== undefined && threads === undefined)
    return { wrong: `--threads is a whole number from 0 to 256, not "${values.threads}".` };
  const host = values.host.replace(/^\[(.*)\]$/, '$1');
  if (!isLoopback(host) && values['allow-host'].length === 0)
    return { wrong: 'Off loopback the window needs its name: --allow-host <name or address as typed in the browser>.' };
  if (values['behind-proxy'] && values['allow-host'].length === 0)
    return { wrong: '--behind-proxy needs the name that the proxy is reached under: --allow-host <name>.' };
  return {
    host,
    allowHosts: values['allow-host'],
    behindProxy: values['behind-proxy'],
    port,
    dataDir: values['data-dir'],
    models: values.models,
    catalogue: values.catalogue,
    threads,
    open: !values['no-open'],
    signOut: values['sign-out'],
    apiPort: values.api ? apiPort : undefined,
    files: positionals,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      'allow-host': { type: 'string', multiple: true, default: [] },
      'behind-proxy': { type: 'boolean', default: false },
      port: { type: 'string', default: '4680' },
      'data-dir': { type: 'string', default: defaultDataDir() },
      models: { type: 'string', multiple: true, default: [] },
      catalogue: { type: 'string' },
      threads: { type: 'string' },
      api: { type: 'boolean', default: false },
      'api-port': { type: 'string', default: '0' },
      'sign-out': { type: 'boolean', default: false },
      'no-open': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}

const isLoopback = (host: string) => ['127.0.0.1', '::1', 'localhost'].includes(host);

function wholeNumber(text: string, most: number): number | undefined {
  const value = Number(text);
  return /^\d{1,6}$/.test(text) && value <= most ? value : undefined;
}

/** The address at which the window is opened: with the allowed name, else with the address that the server listens on. */
export function windowAddress(
  { host, allowHosts, behindProxy }: Pick<ServeOptions, 'host' | 'allowHosts' | 'behindProxy'>,
  port: number,
): string {
  const name = allowHosts[0] ?? (host.includes(':') ? `[${host}]` : host);
  return behindProxy ? `https://${name}/` : `http://${name}:${port}/`;
}

/** A warning about what is sent unencrypted when the window is used from another machine; undefined: nothing is. */
export function inTheClear({ host, allowHosts, behindProxy }: ServeOptions): string | undefined {
  if (isLoopback(host) && (behindProxy || allowHosts.length === 0)) return undefined;
  return behindProxy
    ? `This port (${host}) speaks http: let nobody but the proxy reach it.`
    : 'Documents, questions, answers and the link itself travel in the clear (http): whoever is on the way between the browser and this machine can read and use them. Put a proxy that ends TLS before it, and start with --behind-proxy.';
}
