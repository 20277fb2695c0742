import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { mcpConfiguration } from '../../../electron/app-host/mcp-configuration.ts';

it('starts the server that was built, on the library that is open', () => {
  const { mcpServers } = JSON.parse(mcpConfiguration({ dataDir: '/home/me/my library', agentProgram: null }) ?? '');
  const [program, ...rest] = mcpServers.rocketdoc.args;
  expect(mcpServers.rocketdoc.command).toBe(process.execPath);
  expect(existsSync(program)).toBe(true);
  expect(rest).toEqual(['--data-dir', '/home/me/my library']);
});

it('starts the own program of a package, which has no node', () => {
  const packaged = { dataDir: '/home/me/.rocketdoc', agentProgram: '/opt/RocketDoc/rocketdoc' };
  expect(JSON.parse(mcpConfiguration(packaged, undefined) ?? '')).toEqual({
    mcpServers: { rocketdoc: { command: '/opt/RocketDoc/rocketdoc', args: ['--mcp'] } },
  });
});
