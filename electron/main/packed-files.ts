/** What must hold before a packed RocketDoc loads native code: the files are those that were packed, and no variable names others. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type NativeFiles, nativeFiles } from '../../native/native-files.ts';
import { AppError } from '../contract/errors.ts';

/**
 * Variables by which a package of ours would load another native file than its own: ggml's CUDA library (native/index.ts), SQLite's
 * addon (node-gyp-build), node-llama-cpp's library. Those of the system's own loader act before any code of ours can look.
 */
const namesNativeCode = /^(ROCKETDOC_GGML_|NODE_LLAMA_CPP_|npm_config_|PREBUILDS_ONLY$)|_PREBUILD$/i;

/** Also for the hosts, which are given what is left. */
export function dropLoaderVariables(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) if (namesNativeCode.test(name)) delete env[name];
}

/** Throws NATIVE_MISSING. What the main process itself loads: SQLite, and node-llama-cpp with the CPU's libraries. */
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
