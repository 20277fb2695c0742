/** Entry of a thread of text recognition: tesseract.js's own, without a network. */
import { createRequire } from 'node:module';
import { forbidNetwork } from '../hosts/no-network.ts';

forbidNetwork();
createRequire(import.meta.url)('tesseract.js/src/worker-script/node/index.js');
