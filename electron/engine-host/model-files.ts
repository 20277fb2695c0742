/**
 * The files of a model. Large models come in numbered parts (name-00001-of-00003.gguf): the name of any part gives the names of all. If the
 * given name is a link without a part number, the link's target is looked at.
 */
import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../contract/errors.ts';

const partName = /^(.+)-(\d{5})-of-(\d{5})(\.gguf)$/i;
const mostParts = 1000;

export interface ModelPart {
  path: string;
  stats: Stats;
}

/** The paths at which the parts of this model should be, in order; for a model in one file, that file. */
export function partPaths(path: string): string[] {
  const file = resolve(path);
  return partsByName(file) ?? partsByName(linkedFile(file)) ?? [file];
}

/** The file with which the whole model is opened. */
export const firstPart = (path: string): string => partPaths(path)[0] ?? path;

/** Whether this file is a further part of a model whose first part stands for it. */
export const isFurtherPart = (name: string): boolean => Number(partName.exec(name)?.[2] ?? 1) > 1;

/** The model's name from its file name, without part numbers and ending. */
export const modelFileTitle = (path: string): string =>
  basename(path)
    .replace(partName, '$1$4')
    .replace(/\.gguf$/i, '');

/** Returns every part; throws MODEL_MISSING or IO with a sentence that names the missing one. */
export function statModel(path: string, hint = ''): ModelPart[] {
  const parts = partPaths(path);
  return parts.map((part, i) => ({ path: part, stats: statPart(part, i, parts, hint) }));
}

function statPart(part: string, i: number, parts: readonly string[], hint: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(part);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw new AppError('MODEL_MISSING', `${part} is a link that leads back to itself.${hint}`);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new AppError('IO', `The model file ${part} cannot be read: ${message}`, { cause: error });
    throw new AppError('MODEL_MISSING', `${missing(part, i, parts)}${hint}`);
  }
  if (!stats.isFile()) throw new AppError('MODEL_MISSING', `${part} is not a model file.`);
  return stats;
}

function missing(part: string, i: number, parts: readonly string[]): string {
  const target = linkTarget(part);
  if (target !== undefined) return `${part} is a link to ${target}, and no file is there.`;
  if (parts.length === 1) return `There is no model file at ${part}.`;
  return (
    `This model is in ${parts.length} files, and part ${i + 1} is not there: ${basename(part)} is missing in ` +
    `${dirname(part)}. Put it beside the others.`
  );
}

function partsByName(file: string): string[] | undefined {
  const [, stem, number, total, extension] = partName.exec(basename(file)) ?? [];
  const count = Number(total);
  if (!stem || !number || count < 1 || count > mostParts || Number(number) < 1 || Number(number) > count)
    return undefined;
  return Array.from({ length: count }, (_, i) =>
    join(dirname(file), `${stem}-${String(i + 1).padStart(5, '0')}-of-${total}${extension}`),
  );
}

function linkedFile(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function linkTarget(file: string): string | undefined {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : undefined;
  } catch {
    return undefined;
  }
}
