import { homedir } from 'node:os';
import { join } from 'node:path';

/** Library, models and kept caches, where nothing else is said. */
export const defaultDataDir = () => join(homedir(), '.rocketdoc');
