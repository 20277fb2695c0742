/** Checks before a packed RocketDoc loads native code that the files are those that were packed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type NativeFiles, nativeFiles } from '../../native/native-files.ts';
import { AppError } from '../contract/errors.ts';

/** Throws NATIVE_MISSING. Checks SQLite, which the app host loads itself, and node-llama-cpp with the CPU's libraries. */
export function checkPackedFiles(isPackaged: boolean, files: NativeFiles = nativeFiles): void {
  if (!isPackaged) return;
  if (!files.isPacked)
    throw new AppError('NATIVE_MISSING', 'The list of RocketDoc’s native files is missing. Install RocketDoc again.');
  const modules = join(files.root, 'node_modules');
  const cpu = readdirSync(join(modules, '@node-llama-cpp')).filter((name) => !/-(cuda|vulkan)/.test(name));
  files.check([
    join(modules, '@photostructure'),
    join(modules, 'node-llama-cpp'),
    ...cpu.map((name) => join(modules, '@node-llama-cpp', name)),
  ]);
}
