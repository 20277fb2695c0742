/** Entry: `npm run -s mcp -- [--folder <folder>]...`, an MCP server over stdio. */
import { resolve } from 'node:path';
import { openProgramAccess } from '../api/programs.ts';
import { defaultDataDir } from '../app-host/data-dir.ts';
import { startUp } from '../app-host/start-up.ts';
import { toAppError } from '../contract/errors.ts';
import { ApiClient } from './api-client.ts';
import { type Opened, openedAlready, optionsOf, refuse, serveTools } from './serve-tools.ts';

const usage = `Usage: npm run -s mcp -- [options]
  --folder <folder>     agents may add files that lie in it (repeatable; default: none)
  --data-dir <folder>   library and models (default: ~/.rocketdoc)
It speaks to the RocketDoc that has the library open, or opens the library itself. With ROCKETDOC_API and ROCKETDOC_KEY in the
environment it speaks to that one (settings, Programs).
`;

async function openedHere(dataDir: string): Promise<Opened> {
  try {
    const app = await startUp({ dataDir, onProgram: openProgramAccess, showsFirst: false });
    const { address, key } = await openProgramAccess(app);
    return { api: new ApiClient(address, key), close: () => app.close() };
  } catch (error) {
    const { code, message } = toAppError(error);
    return refuse(
      code === 'BUSY'
        ? 'RocketDoc is open and does not answer here. Allow programs in its settings, and give this server ROCKETDOC_API and ROCKETDOC_KEY.'
        : message,
    );
  }
}

const values = optionsOf({
  folder: { type: 'string', multiple: true, default: [] },
  'data-dir': { type: 'string', default: defaultDataDir() },
  help: { type: 'boolean', default: false },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const dataDir = resolve(values['data-dir']);
await serveTools((await openedAlready(dataDir)) ?? (await openedHere(dataDir)), values.folder);
