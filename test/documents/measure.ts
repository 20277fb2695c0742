/**
 * How much of what pdftotext reads the PDF reader of this checkout reads too, and in its order.
 *   node --import tsx test/documents/measure.ts <folder of PDFs> [--against <another checkout>] [--only <part of a name>]
 * For each file: the share of pdftotext's words found, the share of its three-word sequences found, and with --against
 * the same of the other checkout and the ratio of the times: of the processor, both read in turn, the lesser of three of
 * each. A child for each file, because PDFium's memory is not freed.
 */
import { execFileSync, fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defaultDocumentLimits } from '../../electron/contract/documents.ts';

interface Reading {
  text: string;
  pages: number;
  ms: number; // of the processor
}
type Readings = (Reading | { error: string })[]; // of this checkout, then of the other

interface Score {
  words: number; // share of pdftotext's
  trigrams: number;
  hits: number; // trigrams found
  all: number; // trigrams of pdftotext
}

if (process.send) {
  const [file = '', ...checkouts] = process.argv.slice(2);
  process.send(await readings(file, checkouts));
} else await measure();

async function measure(): Promise<void> {
  const [folder, ...rest] = process.argv.slice(2);
  if (!folder) throw new Error('Name a folder of PDFs.');
  const option = (name: string): string | undefined => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined);
  const here = fileURLToPath(new URL('../../', import.meta.url));
  const against = option('--against');
  const checkouts = [here, ...(against ? [resolve(against)] : [])];
  const only = option('--only') ?? '';
  const pooled = checkouts.map(() => ({ found: 0, words: 0, hits: 0, all: 0, ms: 0 }));
  console.log(
    '| file | pages | words | words found | before | trigrams | before | time |\n|---|---|---|---|---|---|---|---|',
  );
  for (const file of pdfsBelow(folder).filter((path) => path.includes(only))) {
    const reference = wordsOf(pdftotext(file));
    if (reference.length < 50) continue;
    const results = await inChild(file, checkouts);
    const scores = results.map((result) => ('error' in result ? undefined : scoreOf(reference, result.text)));
    const [ours, theirs] = results;
    for (const [i, score] of scores.entries()) {
      const sum = pooled[i];
      const result = results[i];
      if (!sum || !score || !result || 'error' in result || scores.includes(undefined)) continue;
      sum.found += score.words * reference.length;
      sum.words += reference.length;
      sum.hits += score.hits;
      sum.all += score.all;
      sum.ms += result.ms;
    }
    const ratio = ours && theirs && 'ms' in ours && 'ms' in theirs ? (ours.ms / theirs.ms).toFixed(2) : '';
    const cells = [
      relative(folder, file),
      ours && 'pages' in ours ? ours.pages : (ours?.error ?? ''),
      reference.length,
      scores[0]?.words.toFixed(4) ?? '',
      scores[1]?.words.toFixed(4) ?? '',
      scores[0]?.trigrams.toFixed(4) ?? '',
      scores[1]?.trigrams.toFixed(4) ?? '',
      ratio,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const share = (a: number, b: number): string => (a / b).toFixed(4);
  const [ours, theirs] = pooled;
  if (!ours) return;
  console.log(
    `| pooled | | ${ours.words} | ${share(ours.found, ours.words)} | ${theirs ? share(theirs.found, theirs.words) : ''} | ` +
      `${share(ours.hits, ours.all)} | ${theirs ? share(theirs.hits, theirs.all) : ''} | ${theirs ? share(ours.ms, theirs.ms) : ''} |`,
  );
}

function pdfsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pdf'))
    .sort()
    .map((name) => join(folder, name));
}

function pdftotext(file: string): string {
  return execFileSync('pdftotext', ['-q', '-enc', 'UTF-8', file, '-'], { encoding: 'utf8', maxBuffer: 1 << 30 });
}

function inChild(file: string, checkouts: readonly string[]): Promise<Readings> {
  return new Promise((done) => {
    const child = fork(fileURLToPath(import.meta.url), [file, ...checkouts], {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
    });
    let answer: Readings | undefined;
    child.on('message', (message) => {
      answer = message as Readings;
    });
    child.on('exit', (code) => done(answer ?? checkouts.map(() => ({ error: `ended with ${code}` }))));
  });
}

async function readings(file: string, checkouts: readonly string[]): Promise<Readings> {
  const parsers = await Promise.all(
    checkouts.map((checkout) => import(pathToFileURL(join(checkout, 'electron/document-host/parse-file.ts')).href)),
  );
  const results: Readings = [];
  // One checkout alone: no times are compared.
  for (let round = 0; round < (checkouts.length > 1 ? 3 : 1); round++) {
    for (const [i, { parseFile }] of parsers.entries()) {
      const before = results[i];
      const start = process.cpuUsage();
      try {
        const { text, pages } = await parseFile(file, {
          limits: defaultDocumentLimits,
          choice: { recognise: 'never', languages: ['eng'], wholePage: false },
        });
        const { user, system } = process.cpuUsage(start);
        const ms = (user + system) / 1000;
        results[i] = { text, pages: pages.length, ms: before && 'ms' in before ? Math.min(ms, before.ms) : ms };
      } catch (error) {
        results[i] = { error: String(error) };
      }
    }
  }
  return results;
}

const wideScripts = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}';
const word = new RegExp(`[${wideScripts}]|(?:(?![${wideScripts}])[\\p{L}\\p{M}])+|\\p{N}+`, 'gu');

/**
 * The same of both readings. Letters and digits apart, so that a note's mark beside a word makes no other word of it; a
 * mark right after a digit counts to the number, as pdftotext has it; each Chinese or Japanese character is a word.
 * Characters that only tell direction or joining are left out: pdftotext adds and drops them. It leaves the accent beside
 * a dotless i, where others write one letter.
 */
function wordsOf(text: string): string[] {
  return (
    text
      .replace(/(?<=\p{N})\[(\d+)\]/gu, '$1')
      .normalize('NFKC')
      .replace(/\p{Cf}/gu, '')
      .replace(/ı(?=\p{M})/gu, 'i')
      .normalize('NFKC')
      .toLowerCase()
      .match(word) ?? []
  );
}

function scoreOf(reference: readonly string[], text: string): Score {
  const ours = wordsOf(text);
  const vocabulary = new Set(ours);
  // pdftotext leaves a word that is broken at a line's end in two parts.
  const theirs: string[] = [];
  for (let i = 0; i < reference.length; i++) {
    const a = reference[i] as string;
    const b = reference[i + 1];
    const isBroken = b !== undefined && !(vocabulary.has(a) && vocabulary.has(b)) && vocabulary.has(a + b);
    theirs.push(isBroken ? a + b : a);
    if (isBroken) i++;
  }
  const trigrams = (words: readonly string[]): string[] =>
    words.slice(2).map((word, i) => `${words[i]} ${words[i + 1]} ${word}`);
  const wanted = trigrams(theirs);
  const hits = inBoth(wanted, trigrams(ours));
  return {
    words: inBoth(theirs, ours) / theirs.length,
    trigrams: hits / Math.max(1, wanted.length),
    hits,
    all: wanted.length,
  };
}

/** How many of `wanted` are in `have`, each as often as it is there. */
function inBoth(wanted: readonly string[], have: readonly string[]): number {
  const left = new Map<string, number>();
  for (const each of have) left.set(each, (left.get(each) ?? 0) + 1);
  let found = 0;
  for (const each of wanted) {
    const n = left.get(each) ?? 0;
    if (n === 0) continue;
    left.set(each, n - 1);
    found++;
  }
  return found;
}
