import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { mcpConfiguration } from '../../../electron/app-host/mcp-configuration.ts';

it('starts the server that was built, on the library that is open', () => {
  const { mcpServers } = JSON.parse(mcpConfiguration('/home/me/my library') ?? '');
  const [program, ...rest] = mcpServers.rocketdoc.args;
  expect(mcpServers.rocketdoc.command).toBe(process.execPath);
  expect(existsSync(program)).toBe(true);
  expect(rest).toEqual(['--data-dir', '/home/me/my library']);
});
