import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  documentExtensions,
  documentFormats,
  documentKinds,
  kindOfExtension,
} from '../../../electron/contract/document-kinds.ts';

it('names each extension once, and finds its kind again', () => {
  expect(new Set(documentExtensions).size).toBe(documentExtensions.length);
  for (const format of documentFormats) {
    for (const extension of documentKinds[format].extensions) expect(kindOfExtension(extension)).toBe(format);
  }
  expect(kindOfExtension('doc')).toBeUndefined();
});

it('associates with the packed app the usual extension of each kind of document that is written to be read', () => {
  const builder = readFileSync(new URL('../../../electron/electron-builder.yml', import.meta.url), 'utf8');
  const associated = [...builder.matchAll(/^ {2}- \{ ext: (\w+),/gm)].map(([, extension]) => extension);
  const others = ['tex', 'code', 'picture']; // people open these with programs of their own
  const usual = documentFormats
    .filter((format) => !others.includes(format))
    .map((format) => documentKinds[format].extensions[0]);
  expect(associated.toSorted()).toEqual(usual.toSorted());
});
