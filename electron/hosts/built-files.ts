/** Where the build puts the file of a host, a thread or a command (electron/vite.config.ts). */
import { fileURLToPath } from 'node:url';

/** For what is started as a process: in a package the path in the unpacked folder. */
export const builtFile = (name: string): string => fileURLToPath(new URL(`../../out/main/${name}.js`, import.meta.url));

/** For what is started as a thread: Electron reads its code from the archive; the unpacked folder only has files that native code opens. */
export const builtThread = (name: string): string => builtFile(name).replace('app.asar.unpacked', 'app.asar');
