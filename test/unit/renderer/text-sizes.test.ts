/** Every size of text is in rem, so that it follows the font size in the settings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const renderer = fileURLToPath(new URL('../../../renderer', import.meta.url));
const files = readdirSync(renderer, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(tsx?|css)$/.test(name));

it('no size of text is in pixels', () => {
  const inPixels = files.flatMap((name) =>
    [
      ...readFileSync(join(renderer, name), 'utf8').matchAll(/text-\[[\d.]+px\]|(font-size|line-height): *[\d.]+px/g),
    ].map(([found]) => `${name}: ${found}`),
  );
  expect(files.length).toBeGreaterThan(50);
  expect(inPixels).toEqual([]);
});
