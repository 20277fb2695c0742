/** Files of recorded vectors: every wrong file is refused with a sentence. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  halfToFloat,
  parseSafetensors,
  toFloats,
  toIndices,
  writeSafetensors,
} from '../../../electron/lab/safetensors.ts';
import { checkDerived, readMetadata, toVectors } from '../../../electron/lab/vectors-file.ts';
import { fakeBudgets } from '../engine-host/fake-addon.ts';

const fixture = readFileSync(new URL('../../fixtures/vectors/group3-d64.safetensors', import.meta.url));
const header = (object: unknown, data = Buffer.alloc(0)) => {
  const json = Buffer.from(typeof object === 'string' ? object : JSON.stringify(object));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
};

describe('safetensors', () => {
  it('come back as they were written', () => {
    const floats = Float32Array.of(1.5, -2, 3);
    const file = parseSafetensors(
      writeSafetensors({ a: 'b' }, [
        { name: 'x', shape: [3], data: floats },
        { name: 'i', shape: [2, 1], data: Int32Array.of(7, -8) },
      ]),
    );
    expect(file.metadata).toEqual({ a: 'b' });
    const [x, i] = [file.tensors.get('x'), file.tensors.get('i')];
    expect(x && [...toFloats(x)]).toEqual([...floats]);
    expect(i && [...toIndices(i)]).toEqual([7, -8]);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['four bytes', Buffer.from('abcd')],
    ['a header beyond the file', Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 1])],
    ['no JSON', header('{"x":')],
    ['a list', header('[1,2]')],
    ['metadata of numbers', header({ __metadata__: { a: 1 } })],
    ['a tensor without shape', header({ x: { dtype: 'F32', data_offsets: [0, 0] } })],
    ['an unknown type', header({ x: { dtype: 'F8', shape: [0], data_offsets: [0, 0] } })],
    ['offsets past the end', header({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }, Buffer.alloc(4))],
    ['offsets backwards', header({ x: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, Buffer.alloc(4))],
    ['a shape that does not fit', header({ x: { dtype: 'F32', shape: [3], data_offsets: [0, 4] } }, Buffer.alloc(4))],
    ['a huge shape', header({ x: { dtype: 'F32', shape: [1e9, 1e9, 1e9], data_offsets: [0, 4] } }, Buffer.alloc(4))],
  ])('with %s are refused', (_, file) => {
    expect(() => parseSafetensors(file)).toThrow(/Not a valid safetensors file/);
  });

  it('never crash on damaged bytes', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(fixture);
        damaged[at] = byte;
        try {
          const file = parseSafetensors(damaged);
          toVectors(file, readMetadata(file));
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('hold halves', () => {
    expect([0x3c00, 0xc000, 0x0001, 0x7c00, 0x8000].map(halfToFloat)).toEqual([1, -2, 2 ** -24, Infinity, -0]);
    expect(halfToFloat(0x7e00)).toBeNaN();
  });
});

describe('recorded vectors', () => {
  const good = parseSafetensors(fixture);
  const metadata = readMetadata(good);

  it('are taken when they are whole', () => {
    const vectors = toVectors(good, metadata);
    expect(vectors.k).toHaveLength(vectors.nHeadKv * vectors.promptLen * vectors.headDim);
    expect(vectors.keep).toBe(metadata.prompt_budget - metadata.window);
  });

  it.each([
    ['a missing key', (m: Record<string, string>) => delete m.top_k, /no top_k/],
    ['a word for a number', (m: Record<string, string>) => Object.assign(m, { steps: 'six' }), /steps is "six"/],
    ['heads that do not divide', (m: Record<string, string>) => Object.assign(m, { n_head_kv: '4' }), /not a multiple/],
  ])('with %s are refused', (_, change, sentence) => {
    const changed = { ...good.metadata };
    change(changed);
    expect(() => readMetadata({ ...good, metadata: changed })).toThrow(sentence);
  });

  it.each([
    ['out of range', (row: Int32Array) => row.set([1e6], 0), /outside/],
    ['not ascending', (row: Int32Array) => row.set([row[1] ?? 0, row[0] ?? 0], 0), /not ascending/],
    ['twice', (row: Int32Array) => row.set([row[0] ?? 0], 1), /twice/],
  ])('with an index %s are refused', (_, change, sentence) => {
    const tensor = good.tensors.get('stage1_indices');
    if (!tensor) throw new Error('no indices');
    const bytes = Buffer.from(tensor.bytes);
    const row = toIndices(tensor);
    change(row);
    Buffer.from(row.buffer).copy(bytes);
    const tensors = new Map(good.tensors).set('stage1_indices', { ...tensor, bytes });
    expect(() => toVectors({ ...good, tensors }, metadata)).toThrow(sentence);
  });

  it('may count S rounded up to a multiple of 8, and nothing else', () => {
    const derived = { ...fakeBudgets(8), capacity: 100, promptBudget: 90, page: 2, r: 3, k: 8, window: 32 };
    const said = { ...metadata, capacity_budget: 100, prompt_budget: 90, page: 2, top_r: 3, top_k: 8, window: 32 };
    const m = { ...said, prompt_len: 101, max_new_tokens: 10 };
    const addon = (right: number) => ({
      budgets: ({ nPrompt }: { nPrompt: number }) => ({ ...derived, capacity: nPrompt === right ? 100 : 99 }),
    });
    expect(checkDerived(addon(101), m)).toEqual({ mismatches: [], note: undefined });
    expect(checkDerived(addon(102), m).note).toBe('S was rounded up from 111 to 112');
    expect(checkDerived(addon(110), m).mismatches).toEqual(['capacity_budget 100, derived 99']);
  });
});
