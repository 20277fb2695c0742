/**
 * Lists folders of the machine that RocketDoc runs on, for a browser window that looks for models and may run on another machine. The
 * window gets names and ids, of folders and model files only.
 */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { FolderList } from '../../contract/models.ts';
import { isFurtherPart, modelFileTitle, partPaths } from '../../engine-host/model-files.ts';
import type { Grants } from '../granted-files.ts';

const mostEntries = 400;

/** `grantId` null: the person's home. */
export function browseFolder(grants: Grants, grantId: string | null): FolderList {
  const folder = grantId === null ? homedir() : grants.pathOf(grantId);
  const grant = (path: string) => grants.give(path).id;
  const parent = dirname(folder);
  const entries = namesIn(folder).flatMap((name) => {
    const stats = look(join(folder, name));
    return stats ? [{ name, path: join(folder, name), stats }] : [];
  });
  const folders = entries.filter(({ stats }) => stats.isDirectory());
  const models = entries.filter(
    ({ name, stats }) => stats.isFile() && extname(name).toLowerCase() === '.gguf' && !isFurtherPart(name),
  );
  return {
    name: basename(folder) || folder,
    grantId: grant(folder),
    parentGrantId: parent === folder ? null : grant(parent),
    folders: folders.slice(0, mostEntries).map(({ name, path }) => ({ name, grantId: grant(path) })),
    models: models.slice(0, mostEntries).map(({ path }) => ({
      name: modelFileTitle(path),
      grantId: grant(path),
      bytes: partPaths(path).reduce((sum, part) => sum + (look(part)?.size ?? 0), 0),
    })),
    isCut: folders.length > mostEntries || models.length > mostEntries,
  };
}

/** Names in the folder, hidden ones last. */
function namesIn(folder: string): string[] {
  try {
    const isHidden = (name: string) => Number(name.startsWith('.'));
    return readdirSync(folder).sort((a, b) => isHidden(a) - isHidden(b) || a.localeCompare(b, 'en', { numeric: true }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EACCES' || code === 'EPERM' ? 'may not be looked into' : 'is not there any more';
    throw new AppError('IO', `The folder ${basename(folder) || folder} ${why}.`, { cause: error });
  }
}

/** Follows links; undefined: the target does not exist. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
