/** Many records of one kind, hidden in a text, and the questions that ask for all of them, for some, and for how many there are. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';

/** `key` names what the record is about, and is in no other record. */
interface TextRecord {
  key: string;
  value: string;
  sentence: string;
}

/** list: every record; filter: those with one value; count: how many there are. */
export type RecordTask = 'list' | 'filter' | 'count';

export interface RecordQuestion {
  task: RecordTask;
  question: string;
  /** The keys that a right answer lists, or counts. */
  expected: string[];
}

export interface RecordSet {
  kind: string;
  records: TextRecord[];
  questions: RecordQuestion[];
}

const words = z.array(z.string()).min(1);
const fileSchema = z.strictObject({
  kinds: z
    .array(
      z.strictObject({
        name: z.string(),
        sentences: words,
        list: z.string(),
        filter: z.string(),
        count: z.string(),
        values: words,
      }),
    )
    .min(1),
  beginnings: words,
  endings: words,
});

/** How many values the records share: each of them is the value of a quarter of the records. */
const nValues = 4;
export const mostRecords = 100;

/** In an order that the seed decides; the same on every machine. */
function shuffled<T>(items: readonly T[], seed: number, place: (item: T) => string): T[] {
  const rank = (item: T) =>
    createHash('sha256')
      .update(`${seed} ${place(item)}`)
      .digest('hex');
  const ranks = new Map(items.map((item) => [item, rank(item)]));
  return [...items].sort((a, b) => ((ranks.get(a) ?? '') < (ranks.get(b) ?? '') ? -1 : 1));
}

const filled = (pattern: string, values: Record<string, string>) =>
  pattern.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');

/** `n` records for `text`: none of their names and values occurs in it. The seed chooses their kind, names, values and wording. */
export function makeRecords(text: string, n: number, seed: number): RecordSet {
  const { kinds, beginnings, endings } = fileSchema.parse(
    JSON.parse(readFileSync(new URL('./records.json', import.meta.url), 'utf8')),
  );
  const kind = kinds[seed % kinds.length] as (typeof kinds)[number];
  const before = text.toLowerCase();
  const isNew = (word: string) => !before.includes(word.toLowerCase());
  const all = beginnings.flatMap((start) => endings.map((end) => start + end)).filter(isNew);
  const [place, ...names] = shuffled(all, seed, (name) => name);
  const values = shuffled(kind.values.filter(isNew), seed, (value) => value).slice(0, nValues);
  const [filtered] = values;
  if (place === undefined || names.length < n || filtered === undefined || values.length < nValues)
    throw new AppError('INVALID_ARGUMENT', 'The text has too many of the names and words that records are made of.');
  const made = names.slice(0, n).map((key, i): TextRecord => {
    const value = values[i % values.length] as string;
    // Five wordings and four values: each value gets every wording.
    const pattern = kind.sentences[i % kind.sentences.length] as string;
    return { key, value, sentence: filled(pattern, { key, value, place }) };
  });
  const records = shuffled(made, seed, ({ sentence }) => sentence);
  const keys = records.map(({ key }) => key);
  const some = records.filter(({ value }) => value === filtered).map(({ key }) => key);
  const ask = (task: RecordTask, expected: string[]): RecordQuestion => ({
    task,
    question: filled(kind[task], { place, value: filtered }),
    expected,
  });
  return { kind: kind.name, records, questions: [ask('list', keys), ask('filter', some), ask('count', keys)] };
}

/** Where a sentence or a paragraph ends, with the space after it. */
const sentenceEnd = /[.!?]["'”’)\]]*(\s+)(?=["'“‘([]*[\p{Lu}\p{N}])|(\n[^\S\n]*\n)/gu;

/**
 * Inserts record i behind the sentence that ends nearest to (i + 0.5) / n of the text. The pages are dropped, because their offsets would
 * change and measuring answers does not need them.
 */
export function insertRecords(document: ParsedDocument, records: readonly TextRecord[]): ParsedDocument {
  const { text } = document;
  const ends = [...text.matchAll(sentenceEnd)].map(({ index, 0: match }) => index + match.length);
  const borders = [0, ...ends, text.length];
  const inserted = new Map<number, string[]>();
  for (const [i, { sentence }] of records.entries()) {
    const wanted = ((i + 0.5) / records.length) * text.length;
    const at = borders.reduce((best, border) => (Math.abs(border - wanted) < Math.abs(best - wanted) ? border : best));
    inserted.set(at, [...(inserted.get(at) ?? []), sentence]);
  }
  let result = '';
  let done = 0;
  for (const at of [...inserted.keys()].sort((a, b) => a - b)) {
    const before = text.slice(done, at);
    const gap = at === 0 || /\s$/.test(before) ? '' : ' ';
    result += `${before}${gap}${inserted.get(at)?.join(' ')}${at < text.length ? ' ' : ''}`;
    done = at;
  }
  result += text.slice(done);
  return { ...document, text: result, pages: [{ label: document.title, start: 0, end: result.length }] };
}

/** What an answer lists: the keys that it names, and how many other things it names as if they were asked for. */
export interface Listed {
  keys: Set<string>;
  others: number;
}

const listMark = /^\s*(?:[-*•–]|\(?\d{1,3}[.):])\s+/;
const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/**
 * An answer's items are its lines, where a line has several sentences those, and where a sentence lists short pieces between commas those.
 * An item that names a key counts for that key, however often; any other is something that should not be there, each one once. A line that
 * ends with a colon announces the list, and a last item that only begins as an earlier one does was cut.
 */
export function listedIn(answer: string, allKeys: readonly string[]): Listed {
  const keys = new Set<string>();
  const items: string[] = [];
  for (const line of answer.split('\n')) {
    const bare = line.replace(listMark, '').trim();
    if (bare.endsWith(':')) continue;
    items.push(
      ...itemsOf(bare)
        .map(plain)
        .filter((item) => item !== ''),
    );
  }
  const others = new Set<string>();
  for (const [i, item] of items.entries()) {
    const named = allKeys.filter((key) => ` ${item} `.includes(` ${plain(key)} `));
    for (const key of named) keys.add(key);
    if (named.length === 0 && !(i === items.length - 1 && isCut(item, items.slice(0, i)))) others.add(item);
  }
  return { keys, others: others.size };
}

/** Whether the last item is the beginning of an earlier one: the answer was cut while it repeated itself. */
const isCut = (last: string, earlier: readonly string[]) => earlier.some((item) => item.startsWith(last));

/** Most words of a piece between commas, so that it is an item of its own. */
const shortWords = 4;

function itemsOf(line: string): string[] {
  return line.split(/(?<=[.!?]["'”’]?)\s+(?=["'“‘]?\p{Lu})/u).flatMap((sentence) => {
    const pieces = sentence.split(/[,;]\s*(?:and\s+)?|\s+and\s+/);
    // The first piece may have words before it: "They are A, B, and C".
    const isList = pieces.length > 2 && pieces.slice(1).every((piece) => plain(piece).split(' ').length <= shortWords);
    return isList ? pieces : [sentence];
  });
}

const units =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen';
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety';
const numberWords = new Map<string, number>([
  ...units.split(' ').map((word, i) => [word, i] as const),
  ...tens.split(' ').flatMap((ten, i) =>
    units
      .split(' ')
      .slice(0, 10)
      .map((unit, n) => [n === 0 ? ten : `${ten} ${unit}`, 20 + 10 * i + n] as const),
  ),
]);

/** The first number that an answer says, in digits or words below a hundred; null: none. A list's own numbers are not said. */
export function numberIn(answer: string): number | null {
  for (const line of answer.split('\n')) {
    const spoken = plain(line.replace(listMark, '').replace(/(?<=\d),(?=\d{3})/g, '')).split(' ');
    for (const [i, word] of spoken.entries()) {
      if (/^\d+$/.test(word)) return Number(word);
      const number = numberWords.get(`${word} ${spoken[i + 1] ?? ''}`) ?? numberWords.get(word);
      if (number !== undefined) return number;
    }
  }
  return null;
}
