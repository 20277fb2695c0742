import { expect, test } from 'vitest';
import { DictReader } from '../../../electron/document-host/pdf-dict.ts';

const reader = (text: string) => new DictReader(Buffer.from(text, 'latin1'));

test('a reference leads to the first object of its number, not to one whose number ends in it', () => {
  const file = reader(
    '112 0 obj [/Wrong] endobj\n12 0 obj [/Right] endobj\n12 0 obj [/Later] endobj\n1 2 obj [/Old] endobj',
  );
  expect(file.get('12 0 R')).toEqual(['/Right']);
  expect(file.get('112 0 R')).toEqual(['/Wrong']);
  expect(file.get('1 0 R')).toBeUndefined();
  expect(file.get('7 0 R')).toBeUndefined();
  expect(file.get('/Name')).toBe('/Name');
});

test('objects of a type are found where the name is a value of theirs', () => {
  const file = reader(
    '/Font\n1 0 obj << /Type /Font /BaseFont /A >> endobj\n2 0 obj << /Font << /F1 1 0 R >> >> endobj\n3 0 obj << /BaseFont /B /Type /Font >> endobj',
  );
  expect(file.dictionaries('/Font').map((font) => font.get('/BaseFont'))).toEqual(['/A', '/B']);
});

test('as many references as objects take one look at the file', () => {
  const n = 50_000;
  const objects = Array.from(
    { length: n },
    (_, i) => `${i} 0 obj << /Type /Font /Encoding ${(i * 7) % n} 0 R >> endobj\n`,
  );
  const file = reader(objects.join(''));
  const fonts = file.dictionaries('/Font');
  expect(fonts.length).toBe(n);
  // Searching the whole file for each font would take an hour.
  for (const font of fonts) expect(file.entry(font, 'Encoding')).toBeInstanceOf(Map);
});
