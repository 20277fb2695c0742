/** The text that a person pastes into the configuration of an agent that speaks MCP, with the paths of this machine. */
import { resolve } from 'node:path';
import { builtFile } from '../hosts/built-files.ts';

const program = builtFile('mcp');

/**
 * Names the packed app's program, or in a clone node with absolute paths, because not every agent can name a folder in which to start a
 * command. null where neither can serve an agent.
 */
export function mcpConfiguration(
  { dataDir, agentProgram }: { dataDir: string; agentProgram: string | null },
  node = process.versions.electron === undefined ? process.execPath : process.env.npm_node_execpath,
): string | null {
  const source = node === undefined ? null : { command: node, args: [program, '--data-dir', resolve(dataDir)] };
  const rocketdoc = agentProgram === null ? source : { command: agentProgram, args: ['--mcp'] };
  return rocketdoc && JSON.stringify({ mcpServers: { rocketdoc } }, null, 2);
}
