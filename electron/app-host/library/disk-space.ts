/** How much free space there is for a file. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Free bytes of a folder's disk; the folder need not exist yet. */
export async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir).catch(() => statfs(dirname(dir)));
  return bavail * bsize;
}
