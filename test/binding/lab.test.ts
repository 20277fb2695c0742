/** The lab's addon beside the product's: its further verbs refuse input that makes no sense, and each addon takes only its own engines. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NativeEngine } from '../../native/binding.ts';
import { addon, lab, openTinyEngine, readDocument, writeTinyModel } from './tiny-engine.ts';

const code = (name: string) => expect.objectContaining({ code: name });
let model: Awaited<ReturnType<typeof writeTinyModel>>;
let engine: NativeEngine;

beforeAll(async () => {
  model = await writeTinyModel();
  engine = await openTinyEngine(model.path, lab);
});
afterAll(() => {
  engine.close();
  model.remove();
});

it('has all that the product has, and the product nothing of the lab', () => {
  const [ofProduct, ofLab] = [Object.keys(addon), Object.keys(lab)];
  expect(ofLab).toEqual(expect.arrayContaining(ofProduct));
  const added = ofLab.filter((name) => !ofProduct.includes(name)).sort();
  expect(added).toEqual([
    'checkVectors',
    'compareWithLlama',
    'limitAvailable',
    'makeVectors',
    'peakBytes',
    'randomTokens',
    'watchMemory',
    'writeShapeModel',
  ]);
});

it('a memory that is full is tried out with numbers of bytes alone', async () => {
  for (const n of [Number.NaN, 1.5, 2 ** 60])
    expect(() => lab.limitAvailable(engine, n)).toThrow(code('INVALID_ARGUMENT'));
  lab.limitAvailable(engine, 0);
  await expect(readDocument(engine)).rejects.toMatchObject({ code: 'HOST_OOM' });
  lab.limitAvailable(engine, 2 ** 50);
  (await readDocument(engine)).close();
});

it('memory is watched between two calls, not during one', async () => {
  const reading = readDocument(engine);
  expect(() => lab.watchMemory(engine)).toThrow(code('BUSY'));
  (await reading).close();
  lab.watchMemory(engine);
  expect(lab.peakBytes(engine)).toBe(0); // only a GPU's memory is watched
});

it("the product's engines are not the lab's", async () => {
  const other = await openTinyEngine(model.path);
  for (const wrong of [other, {}, 5 as unknown as object]) expect(() => lab.peakBytes(wrong as NativeEngine)).toThrow();
  expect(() => lab.limitAvailable(other, 0)).toThrow("This is not an engine of RocketDoc's engine.");
  other.close();
});
