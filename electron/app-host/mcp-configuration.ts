/** What a person pastes into the configuration of an agent that speaks MCP, with the paths of this machine. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../out/main/mcp.js', import.meta.url));

/**
 * A package's own program, or from the sources node itself: not every agent can name a folder to start a command in. null where
 * neither can serve one.
 */
export function mcpConfiguration(
  { dataDir, agentProgram }: { dataDir: string; agentProgram: string | null },
  node = process.versions.electron === undefined ? process.execPath : process.env.npm_node_execpath,
): string | null {
  const source = node === undefined ? null : { command: node, args: [program, '--data-dir', resolve(dataDir)] };
  const rocketdoc = agentProgram === null ? source : { command: agentProgram, args: ['--mcp'] };
  return rocketdoc && JSON.stringify({ mcpServers: { rocketdoc } }, null, 2);
}
