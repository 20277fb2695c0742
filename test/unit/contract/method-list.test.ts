/** native/rocketkv/method.def is the one list of the method's choices; the contract and the addon's types must have the same. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { answerModes, choices, ranges } from '../../../electron/contract/method-values.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
const list = read('native/rocketkv/method.def');

/** The texts of `MACRO(name, "text", ...)`; its definitions have no text. */
const textsOf = (macro: string) =>
  [...list.matchAll(new RegExp(`^${macro}\\(\\w+, "([^"]+)"`, 'gm'))].map((match) => match[1]);

test('modes', () => {
  expect(textsOf('MODE').length).toBeGreaterThan(0);
  expect([...answerModes].sort()).toEqual(textsOf('MODE').sort());
  const type = /export type NativeMode = ([^;]+);/.exec(read('native/binding.ts'))?.[1] ?? '';
  expect([...type.matchAll(/'([^']+)'/g)].map((match) => match[1]).sort()).toEqual(textsOf('MODE').sort());
});

test('decompositions, groupings, poolings and selectors', () => {
  expect([...choices.decomposition]).toEqual(textsOf('DECOMPOSITION'));
  expect([...choices.grouping]).toEqual(textsOf('GROUPING'));
  expect([...choices.pooling]).toEqual(textsOf('POOLING'));
  expect([...choices.selector]).toEqual(textsOf('SELECTOR'));
});

test('least and most of the numbers', () => {
  const limits = [...list.matchAll(/^LIMIT\(\w+, "(\w+)", (\d+), (\d+)\)/gm)];
  expect(limits.length).toBeGreaterThan(0);
  for (const [, name, least, most] of limits)
    expect({ name, ...ranges[name as keyof typeof ranges] }).toMatchObject({
      name,
      least: Number(least),
      most: Number(most),
    });
});
