/**
 * The version, and the licences of everything in RocketDoc. The build of the window and, in a package, that of the main process each write
 * a list of the licences of what they bundled.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type About, type Licence, licenceSchema } from '../contract/app-types.ts';

/** The project's folder; in a package the archive, because the address of this module is in the unpacked folder beside it. */
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\bapp\.asar\.unpacked(?=[\\/]$)/, 'app.asar');

const manifestSchema = z.object({ version: z.string() });

export async function ownVersion(): Promise<string> {
  return manifestSchema.parse(JSON.parse(await readFile(`${root}package.json`, 'utf8'))).version;
}

export async function about(): Promise<About> {
  const version = await ownVersion();
  const lists = await Promise.all(['renderer', 'main'].map((room) => licencesOf(`${root}out/${room}/licences.json`)));
  const licences = new Map(lists.flat().map((entry) => [`${entry.name} ${entry.version}`, entry]));
  return { version, licences: [...licences.values()].sort((a, b) => a.name.localeCompare(b.name, 'en')) };
}

/** Empty if there is no such list, because that part was not built. */
async function licencesOf(file: string): Promise<Licence[]> {
  try {
    return z.array(licenceSchema).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return [];
  }
}
