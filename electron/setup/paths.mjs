// Paths for the set-up scripts. Uses node built-ins only, because it runs before node_modules exists.
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
/** Folders of the built programs: main process, hosts and commands, and the preload. */
export const mainDir = join(root, 'out', 'main');
export const preloadDir = join(root, 'out', 'preload');
