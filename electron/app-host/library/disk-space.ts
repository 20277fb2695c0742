/** How much a file may grow where it is to be written. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Bytes that are free in a folder, or where it is to be made. */
export async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir).catch(() => statfs(dirname(dir)));
  return bavail * bsize;
}
