/** The built renderer's files. A path is served only when it is really inside the folder, links followed, whatever it looks like. */
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

export interface StaticFile {
  body: Buffer;
  type: string;
}

/** undefined: there is no such file, or it may not be served. */
export async function staticFile(root: string, path: string): Promise<StaticFile | undefined> {
  let name: string;
  try {
    name = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // Separators of either system, and names that hide: none of our files has them.
  if (/[\0\\:]|%|(^|\/)\./.test(name)) return undefined;
  const type = types[extname(name === '/' ? '/index.html' : name).toLowerCase()];
  if (!type) return undefined;
  try {
    const base = await realpath(root);
    const file = await realpath(join(base, name === '/' ? 'index.html' : name));
    if (!file.startsWith(base + sep)) return undefined;
    return { body: await readFile(file), type };
  } catch {
    return undefined;
  }
}
