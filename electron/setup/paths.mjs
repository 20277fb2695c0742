// Where things are, for the set-up scripts. Node built-ins only: this runs before node_modules exists.
// @ts-check
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const cacheDir = join(root, '.cache');
export const modulesDir = join(root, 'node_modules');
export const nativeDir = join(root, 'native');
export const buildDir = join(nativeDir, 'build');
export const sanitizerBuildDir = join(nativeDir, 'build-asan');
export const threadBuildDir = join(nativeDir, 'build-tsan');
export const addonFile = join(buildDir, 'Release', 'rocketdoc.node');
export const labAddonFile = join(buildDir, 'Release', 'rocketdoc_lab.node');
export const rendererDir = join(root, 'renderer');
export const windowDir = join(root, 'out', 'renderer');
/** What Electron runs: main process, hosts and preload, built. */
export const mainDir = join(root, 'out', 'main');
export const preloadDir = join(root, 'out', 'preload');
