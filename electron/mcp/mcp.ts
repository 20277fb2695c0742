/** Entry: `npm run -s mcp -- [--folder <folder>]...`, an MCP server over stdio. Nothing but the protocol goes to stdout. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { inviteProgram } from '../api/programs.ts';
import { askForAccess } from '../app-host/single-instance.ts';
import { defaultDataDir, startUp } from '../app-host/start-up.ts';
import { toAppError } from '../contract/errors.ts';
import { ApiClient } from './api-client.ts';
import { toolServer } from './tools.ts';

const usage = `Usage: npm run -s mcp -- [options]
  --folder <folder>     agents may add files that lie in it (repeatable; default: none)
  --data-dir <folder>   library and models (default: ~/.rocketdoc)
It speaks to the RocketDoc that has the library open, or opens the library itself. With ROCKETDOC_API and ROCKETDOC_KEY in the
environment it speaks to that one (settings, Programs).
`;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

function options() {
  try {
    return parseArgs({
      options: {
        folder: { type: 'string', multiple: true, default: [] },
        'data-dir': { type: 'string', default: defaultDataDir },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(`${(error as Error).message.split('. To specify')[0]}.`);
  }
}

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

interface Opened {
  api: ApiClient;
  close: () => Promise<void>;
}

async function opened(dataDir: string): Promise<Opened> {
  const { ROCKETDOC_API: address, ROCKETDOC_KEY: key } = process.env;
  if (address !== undefined && key !== undefined) return { api: new ApiClient(address, key), close: async () => {} };
  const running = await askForAccess(dataDir);
  if (running) return { api: new ApiClient(running.address, running.key), close: async () => {} };
  try {
    const app = await startUp({ dataDir, onProgram: inviteProgram, showsFirst: false });
    const { address: own, key: ownKey } = await inviteProgram(app);
    return { api: new ApiClient(own, ownKey), close: () => app.close() };
  } catch (error) {
    const { code, message } = toAppError(error);
    return refuse(
      code === 'BUSY'
        ? 'RocketDoc is open and does not answer here. Allow programs in its settings, and give this server ROCKETDOC_API and ROCKETDOC_KEY.'
        : message,
    );
  }
}

const values = options();
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const { api, close } = await opened(resolve(values['data-dir']));
const server = toolServer({ api, folders: values.folder.map((folder) => resolve(folder)), version });
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
