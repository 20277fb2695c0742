/** Entry of a thread of text recognition: runs tesseract.js's worker without network access. */
import { createRequire } from 'node:module';
import { forbidNetwork } from '../hosts/no-network.ts';

forbidNetwork();
createRequire(import.meta.url)('tesseract.js/src/worker-script/node/index.js');
