import { expect, it, vi } from 'vitest';
import { toAppError } from '../../../electron/contract/errors.ts';
import { openModel } from '../../../electron/engine-host/open-model.ts';
import { byteVocabulary, FakeAddon, modelFile } from './fake-addon.ts';

/** The addon is a fake, so the CUDA kernels need not be built. */
vi.mock('../../../native/index.ts', async (original) => ({
  ...(await original<typeof import('../../../native/index.ts')>()),
  cudaLibraries: (device: number) => ({ device, library: '', kernels: '' }),
}));

const options = { path: modelFile, threads: 0, device: 'cpu', deviceReason: null };

it('loads weights and vocabulary at once', async () => {
  const addon = new FakeAddon();
  let vocabularyBegun = () => {};
  const begun = new Promise<void>((resolve) => {
    vocabularyBegun = resolve;
  });
  const openEngine = addon.openEngine;
  addon.openEngine = async () => {
    await begun; // waits for ever unless the vocabulary is loaded at the same time
    return openEngine();
  };
  const { vocabulary } = await openModel(addon, options, async () => {
    vocabularyBegun();
    return byteVocabulary;
  });
  expect(vocabulary).toBe(byteVocabulary);
});

it('closes the vocabulary of weights that do not load', async () => {
  const addon = new FakeAddon();
  addon.openEngine = () => Promise.reject(new Error('no memory'));
  let closed = 0;
  const close = async () => void closed++;
  await expect(openModel(addon, options, async () => ({ ...byteVocabulary, close }))).rejects.toThrow('no memory');
  expect(closed).toBe(1);
});

it('closes the weights of a vocabulary that cannot be read', async () => {
  const addon = new FakeAddon();
  await expect(openModel(addon, options, () => Promise.reject(new Error('no words')))).rejects.toThrow('no words');
  expect(addon.log).toEqual(['engine closed']);
});

it('computes on the CPU what a GPU that was not named does not compute, and says why', async () => {
  const refused = 'm.gguf: tensor blk.0.ffn_up.weight is tq1_0; CUDA0 does not multiply by such weights.';
  const addon = new FakeAddon();
  const asked: unknown[] = [];
  const { openEngine } = addon;
  const refuseGpu = (code: 'GPU_UNSUPPORTED' | 'GPU_OOM') => {
    addon.openEngine = ((request: { cuda?: unknown }) => {
      asked.push(request.cuda);
      const no = Object.assign(new Error(refused), { code });
      return request.cuda === undefined ? openEngine() : Promise.reject(no);
    }) as typeof openEngine;
  };
  refuseGpu('GPU_UNSUPPORTED');
  const onGpu = { ...options, device: 'cuda:0' };
  const { summary } = await openModel(addon, { ...onGpu, mayUseCpu: true }, async () => byteVocabulary);
  expect(summary.deviceReason).toBe(refused);
  expect(asked).toHaveLength(2);
  expect(asked[1]).toBeUndefined();
  await expect(
    openModel(addon, onGpu, async () => byteVocabulary).catch((error) => Promise.reject(toAppError(error))),
  ).rejects.toMatchObject({ code: 'GPU_UNSUPPORTED', advice: 'use-cpu' });
  refuseGpu('GPU_OOM');
  const tight = openModel(addon, { ...onGpu, mayUseCpu: true }, async () => byteVocabulary);
  await expect(tight).rejects.toMatchObject({ code: 'GPU_OOM' });
});
