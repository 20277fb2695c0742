/** Components read stores by selectors: one that reads a whole store is drawn at each change, several times a second during an answer. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const files = readdirSync('renderer', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => `renderer/${file.replaceAll('\\', '/')}`);
const hooks = files
  .filter((file) => file.startsWith('renderer/stores/'))
  .flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/export const (use\w+) = create</g)].map(([, name]) => name),
  );

it('every store is read through a selector', () => {
  expect(hooks.length).toBeGreaterThan(10);
  const whole = new RegExp(`\\b(${hooks.join('|')})\\(\\)`);
  expect(files.filter((file) => whole.test(readFileSync(file, 'utf8')))).toEqual([]);
});
