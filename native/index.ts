/**
 * Loads the native addons and explains every way in which that can fail. The only import of compiled code in the project;
 * only electron/engine-host and electron/lab may import this file.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Advice, AppError } from '../electron/contract/errors.ts';
import type { NativeAddon, NativeCuda } from './binding.ts';
import { nativeFiles } from './native-files.ts';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

const buildFolder = join(here, 'build', 'Release');

/** The package of node-llama-cpp that holds the prebuilt ggml libraries of each platform. */
const backendPackages: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
};

export function backendPackage(platform: string = process.platform, arch: string = process.arch): string {
  const name = backendPackages[`${platform}-${arch}`];
  if (name) return name;
  throw new AppError(
    'NATIVE_MISSING',
    `RocketDoc does not run on ${platform} ${arch}. It runs on Linux (x64, arm64), macOS (x64, arm64) and Windows (x64).`,
  );
}

/** The folder with libggml-base and one libggml-cpu library for each CPU level. */
export function backendDir(): string {
  const name = backendPackage();
  let entry: string;
  try {
    entry = require.resolve(`@node-llama-cpp/${name}`);
  } catch (error) {
    throw new AppError(
      'NATIVE_MISSING',
      `The compute libraries for this machine (@node-llama-cpp/${name}) are not installed.`,
      { cause: error, advice: 'install-packages' },
    );
  }
  const dir = join(dirname(entry), '..', 'bins', name);
  if (!existsSync(dir)) {
    throw new AppError('NATIVE_MISSING', `The package @node-llama-cpp/${name} has no libraries in it.`, {
      advice: 'install-packages',
    });
  }
  return dir;
}

/** The package of node-llama-cpp with ggml's CUDA library, where there is one. */
const cudaPackages: Record<string, string> = { 'linux-x64': 'linux-x64-cuda', 'win32-x64': 'win-x64-cuda' };

/**
 * What computing on CUDA device `device` needs on disk. ROCKETDOC_GGML_CUDA names another build of ggml's library than the package's,
 * for development: a packed RocketDoc loads only what was packed.
 */
export function cudaLibraries(device: number): NativeCuda {
  const suffix = process.platform === 'win32' ? '.dll' : '.so';
  const prefix = process.platform === 'win32' ? '' : 'lib';
  const kernels = join(buildFolder, `${prefix}rocketdoc_kernels${suffix}`);
  if (!existsSync(kernels))
    throw new AppError('GPU_NONE', 'The GPU kernels are not built.', { advice: 'build-native' });
  const other = nativeFiles.isPacked ? undefined : process.env.ROCKETDOC_GGML_CUDA;
  const library = other ?? packagedCuda(`${prefix}ggml-cuda${suffix}`);
  if (!existsSync(library))
    throw new AppError('GPU_NONE', 'The GPU library of ggml is not installed.', { advice: 'install-packages' });
  nativeFiles.check([kernels, dirname(library)]);
  return { device, library, kernels };
}

function packagedCuda(file: string): string {
  const name = cudaPackages[`${process.platform}-${process.arch}`];
  if (!name) throw new AppError('GPU_NONE', `There is no CUDA library for ${process.platform} ${process.arch}.`);
  try {
    return join(dirname(require.resolve(`@node-llama-cpp/${name}`)), '..', 'bins', name, file);
  } catch (error) {
    throw new AppError('GPU_NONE', `The GPU library of ggml (@node-llama-cpp/${name}) is not installed.`, {
      cause: error,
      advice: 'install-packages',
    });
  }
}

/** What the dynamic loader said, as an error of ours. */
export function loadFailure(message: string, cause?: unknown): AppError {
  const failure = (sentence: string, advice?: Advice) => new AppError('NATIVE_MISSING', sentence, { cause, advice });
  const missing = /^([^\s:]+): cannot open shared object file/.exec(message)?.[1];
  if (missing?.includes('ggml')) return failure(`The engine cannot find ${missing}.`, 'install-and-build');
  if (missing) return failure(`The engine needs the system library ${missing}, which is not installed.`);
  const version = /version [`'](GLIBC[A-Z]*_[\d.]+)' not found/.exec(message)?.[1];
  if (version) return failure(`The engine was built for a newer system (${version}).`, 'build-native');
  if (/invalid ELF header|wrong ELF class|not a valid Win32|incompatible architecture|mach-o/i.test(message))
    return failure('The engine was built for another kind of machine.', 'rebuild-native');
  const said = message.split('\n')[0];
  if (/undefined symbol|symbol not found|procedure could not be found/i.test(message))
    return failure(`The engine does not fit the installed libraries (${said}).`, 'install-and-build');
  return failure(`The engine could not be loaded: ${said}.`, 'build-native');
}

const loaded = new Map<string, unknown>();

/** `notBuilt`: what to say, and to do, where the file is missing. */
export function loadAddonFile(name: string, notBuilt: { sentence: string; advice: Advice }): unknown {
  const file = join(buildFolder, name);
  const before = loaded.get(file);
  if (before) return before;
  backendPackage(); // an unknown platform is the better message than a missing file
  if (!existsSync(file)) {
    const { sentence, advice } = notBuilt;
    throw new AppError('NATIVE_MISSING', sentence, { advice });
  }
  nativeFiles.check([file, backendDir()]);
  // Windows looks for ggml's library along the path; elsewhere the addon itself says where it lies.
  if (process.platform === 'win32') process.env.PATH = [backendDir(), process.env.PATH ?? ''].join(delimiter);
  try {
    loaded.set(file, require(file));
  } catch (error) {
    throw loadFailure(error instanceof Error ? error.message : String(error), error);
  }
  return loaded.get(file);
}

export const loadAddon = () =>
  loadAddonFile('rocketdoc.node', {
    sentence: 'The engine is not built yet.',
    advice: 'build-native',
  }) as NativeAddon;
