import { homedir } from 'node:os';
import { join } from 'node:path';

/** The default folder of library, models and kept caches. */
export const defaultDataDir = () => join(homedir(), '.rocketdoc');
