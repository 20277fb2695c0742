import { expect, it } from 'vitest';
import { openModel } from '../../../electron/engine-host/open-model.ts';
import { byteVocabulary, FakeAddon, modelFile } from './fake-addon.ts';

const options = { path: modelFile, threads: 0, device: 'cpu', deviceReason: null };

it('loads weights and vocabulary at once', async () => {
  const addon = new FakeAddon();
  let vocabularyBegun = () => {};
  const begun = new Promise<void>((resolve) => {
    vocabularyBegun = resolve;
  });
  const openEngine = addon.openEngine;
  addon.openEngine = async () => {
    await begun; // or for ever
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
