/** Serves the tools over stdio: the common part of the clone's and the package's MCP server. Only the protocol is written to stdout. */
import { resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { ownVersion } from '../app-host/about.ts';
import { askForAccess } from '../app-host/single-instance.ts';
import { ApiClient } from './api-client.ts';
import { toolServer } from './tools.ts';

export function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

/** Parses the command line; a word that is not in `options` is refused. */
export function optionsOf<T extends ParseArgsOptionsConfig>(options: T) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(`${(error as Error).message.split('. To specify')[0]}.`);
  }
}

export interface Opened {
  api: ApiClient;
  close: () => Promise<void>;
}

/** The RocketDoc that the environment names, or that has this library open; undefined: there is none. */
export async function openedAlready(dataDir: string): Promise<Opened | undefined> {
  const { ROCKETDOC_API: address, ROCKETDOC_KEY: key } = process.env;
  const access = address !== undefined && key !== undefined ? { address, key } : await askForAccess(dataDir);
  return access && { api: new ApiClient(access.address, access.key), close: async () => {} };
}

export async function serveTools({ api, close }: Opened, folders: readonly string[]): Promise<void> {
  const version = await ownVersion();
  const server = toolServer({ api, folders: folders.map((folder) => resolve(folder)), version });
  let isEnding = false;
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    void server
      .close()
      .then(close)
      .finally(() => process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  // The client ends the session by closing the pipe.
  process.stdin.on('end', end);
  process.stdin.on('close', end);
  await server.connect(new StdioServerTransport());
}
