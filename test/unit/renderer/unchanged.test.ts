/** What a message says again keeps its objects, so that nothing is drawn again for it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { unchanged } from '../../../renderer/stores/unchanged.ts';

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

it('keeps the parts that are equal, and takes the others', () => {
  const before = { engine: { state: 'ready', presets: ['a'] }, held: [{ id: 1 }, { id: 2 }], at: 1, mass: [0.5, 1] };
  const told = { ...copy(before), at: 2, held: [{ id: 1 }, { id: 3 }] };
  const after = unchanged(before, copy(told));
  expect(after).toEqual(told);
  expect(after.engine).toBe(before.engine);
  expect(after.mass).toBe(before.mass);
  expect(after.held).not.toBe(before.held);
  expect(after.held[0]).toBe(before.held[0]);
  expect(unchanged(before, copy(before))).toBe(before);
});

it('tells lists, objects and missing parts apart', () => {
  expect(unchanged<unknown>({ list: [] }, { list: {} })).toEqual({ list: {} });
  expect(unchanged<unknown>([1, 2, 3], [1, 2])).toEqual([1, 2]);
  expect(unchanged<unknown>({ a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
  expect(unchanged<unknown>({ a: 1 }, { a: 1, b: null })).toEqual({ a: 1, b: null });
  expect(unchanged<unknown>(null, { a: 1 })).toEqual({ a: 1 });
});

it('says what the message says, whatever was before, and is what was before only where both say the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (before, told) => {
      const [first, second] = [copy(before), copy(told)];
      const after = unchanged(first, copy(second));
      expect(after).toEqual(second);
      expect(first).toEqual(before === undefined ? undefined : copy(before));
      expect(unchanged(after, copy(second))).toEqual(second);
      if (typeof after === 'object' && after !== null) expect(unchanged(after, copy(second))).toBe(after);
    }),
  );
});
