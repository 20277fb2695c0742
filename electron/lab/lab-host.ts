/**
 * Entry of the engine host for `bench`, `agree` and `check-vectors`: the same engine in the lab's addon, with verbs that measure and check
 * it.
 */
import { implement } from '@orpc/server';
import type { NativeLab } from '../../native/lab/binding.ts';
import { loadLab } from '../../native/lab/index.ts';
import { labVerbs } from '../contract/lab.ts';
import { Engine } from '../engine-host/engine.ts';
import { cudaOf } from '../engine-host/open-model.ts';
import { engineRouter } from '../engine-host/router.ts';
import { forbidNetwork } from '../hosts/no-network.ts';
import { requireParentPort } from '../hosts/parent-port.ts';
import { rpcErrors } from '../hosts/rpc-errors.ts';
import { serveHost } from '../hosts/serve-host.ts';
import { compareWithLlama } from './llama-comparison.ts';
import { measureCancels, measureSpeed } from './speed.ts';
import { checkVectorsFile, readVectors } from './vectors-file.ts';

/** The addon is loaded at the first call that needs it, so that a missing one is that call's error. */
const lab = new Proxy({} as NativeLab, {
  get: (_, name) => Reflect.get(loadLab(), name) as unknown,
});

const engine = new Engine(lab);
const os = implement(labVerbs).use(rpcErrors());

forbidNetwork();
serveHost(requireParentPort('lab-host'), {
  ...engineRouter(engine),
  ...os.router({
    measureSpeed: os.measureSpeed.handler(({ input }) => engine.compute((model) => measureSpeed(lab, model, input))),
    measureCancels: os.measureCancels.handler(({ input }) =>
      engine.compute((model) => measureCancels(lab, model, input)),
    ),
    writeShapeModel: os.writeShapeModel.handler(({ input }) => lab.writeShapeModel(input)),
    compareWithLlama: os.compareWithLlama.handler(({ input }) => compareWithLlama(lab, input)),
    checkVectors: os.checkVectors.handler(async ({ input }) =>
      checkVectorsFile(lab, await readVectors(input.path), cudaOf(input.device)),
    ),
  }),
});
