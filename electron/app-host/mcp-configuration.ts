/** What a person pastes into the configuration of an agent that speaks MCP, with the paths of this machine. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../out/main/mcp.js', import.meta.url));

/**
 * Started by node itself: not every agent can name a folder to start a command in. null where there is no node to start it: a
 * package's own program runs nothing but itself.
 */
export function mcpConfiguration(
  dataDir: string,
  node = process.versions.electron === undefined ? process.execPath : process.env.npm_node_execpath,
): string | null {
  if (node === undefined) return null;
  const rocketdoc = { command: node, args: [program, '--data-dir', resolve(dataDir)] };
  return JSON.stringify({ mcpServers: { rocketdoc } }, null, 2);
}
