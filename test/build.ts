/** Before tests: what they start is built, unless it is as the sources are. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

export function build(goal: 'program' | 'window'): void {
  const ready = fileURLToPath(new URL('../electron/setup/ready.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [ready, goal], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`What the tests start could not be built (${goal}).`);
}

export default function setUp(project: TestProject): void {
  build(project.name === 'app' ? 'window' : 'program');
}
