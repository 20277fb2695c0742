/** Before the tests of the window: what they open is built, unless it is as the sources are. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export default function buildWindow(): void {
  const ready = fileURLToPath(new URL('../../electron/setup/ready.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [ready, 'desktop'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('The window could not be built.');
}
