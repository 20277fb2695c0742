/**
 * How much of the text that pdftotext finds the PDF reader of this checkout finds too, and in the same order.
 *   node --import tsx test/documents/measure.ts <folder of PDFs> [--against <another checkout>] [--rounds <n>]
 *     [--only <part of a name>] [--texts <folder>]
 * For each file it prints the share of pdftotext's words found and the share of its three-word sequences found. With --against it
 * prints the same for the other checkout, and the ratio of the CPU times: the two take turns, and each one's shortest round counts.
 * The first round loads and compiles, so take three or more to compare times. --texts keeps the texts. Each file is read by a child
 * of its own, because PDFium's memory is not freed.
 * Below the table are the words that the other checkout finds and this one does not, of each file that has fewer words than there: with how
 * many more occurrences there, and how many words this one has in turn.
 */
import { execFileSync, fork } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defaultDocumentLimits } from '../../electron/contract/documents.ts';
import { type Score, scoreOf, wordsLost, wordsOf } from './score-text.ts';

interface Reading {
  text: string;
  pages: number;
  ms: number; // CPU time
}
type Readings = (Reading | { error: string })[]; // of this checkout, then of the other

async function measure(): Promise<void> {
  const [folder, ...rest] = process.argv.slice(2);
  if (!folder) throw new Error('Name a folder of PDFs.');
  const option = (name: string): string | undefined => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined);
  const here = fileURLToPath(new URL('../../', import.meta.url));
  const against = option('--against');
  const checkouts = [here, ...(against ? [resolve(against)] : [])];
  const only = option('--only') ?? '';
  const rounds = Number(option('--rounds') ?? 1);
  const texts = option('--texts');
  const ratios: number[] = [];
  const lost: string[] = [];
  const pooled = checkouts.map(() => ({ found: 0, words: 0, hits: 0, all: 0, ms: 0 }));
  console.log(
    '| file | pages | words | words found | before | trigrams | before | time |\n|---|---|---|---|---|---|---|---|',
  );
  for (const file of pdfsBelow(folder).filter((path) => path.includes(only))) {
    const theirText = pdftotext(file);
    const reference = wordsOf(theirText);
    if (reference.length < 50) continue;
    const results = await inChild(file, rounds, checkouts);
    if (texts) keepTexts(join(texts, relative(folder, file)), theirText, results);
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
    if (scores[0] && scores[1] && scores[0].words < scores[1].words)
      lost.push(`${relative(folder, file)}: ${lostText(scores[0], scores[1])}`);
    const ratio = ours && theirs && 'ms' in ours && 'ms' in theirs ? ours.ms / theirs.ms : undefined;
    if (ratio !== undefined) ratios.push(ratio);
    const cells = [
      relative(folder, file),
      ours && 'pages' in ours ? ours.pages : (ours?.error ?? ''),
      reference.length,
      scores[0]?.words.toFixed(4) ?? '',
      scores[1]?.words.toFixed(4) ?? '',
      scores[0]?.trigrams.toFixed(4) ?? '',
      scores[1]?.trigrams.toFixed(4) ?? '',
      ratio?.toFixed(2) ?? '',
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const share = (a: number, b: number): string => (a / b).toFixed(4);
  const [ours, theirs] = pooled;
  if (!ours) return;
  console.log(
    `| pooled | | ${ours.words} | ${share(ours.found, ours.words)} | ${theirs ? share(theirs.found, theirs.words) : ''} | ` +
      `${share(ours.hits, ours.all)} | ${theirs ? share(theirs.hits, theirs.all) : ''} | ${theirs ? (ours.ms / theirs.ms).toFixed(2) : ''} |`,
  );
  ratios.sort((a, b) => a - b);
  if (ratios.length > 0)
    console.log(`time: median ratio ${ratios[ratios.length >> 1]?.toFixed(2)}, worst ${ratios.at(-1)?.toFixed(2)}`);
  for (const words of lost) console.log(`\nwords lost: ${words}`);
}

function lostText(now: Score, before: Score): string {
  const sum = (words: [string, number][]): number => words.reduce((n, [, times]) => n + times, 0);
  const words = wordsLost(before, now);
  const list = words.map(([word, times]) => (times === 1 ? word : `${word} (${times})`)).join(', ');
  return `${sum(words)} lost, ${sum(wordsLost(now, before))} gained. Lost: ${list}`;
}

function keepTexts(path: string, reference: string, [ours, theirs]: Readings): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.pdftotext.txt`, reference);
  if (ours && 'text' in ours) writeFileSync(`${path}.now.txt`, ours.text);
  if (theirs && 'text' in theirs) writeFileSync(`${path}.before.txt`, theirs.text);
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

function inChild(file: string, rounds: number, checkouts: readonly string[]): Promise<Readings> {
  return new Promise((done) => {
    const child = fork(fileURLToPath(import.meta.url), [file, `${rounds}`, ...checkouts], {
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

async function readings(file: string, rounds: number, checkouts: readonly string[]): Promise<Readings> {
  const parsers = await Promise.all(
    checkouts.map((checkout) => import(pathToFileURL(join(checkout, 'electron/document-host/parse-file.ts')).href)),
  );
  const results: Readings = [];
  for (let round = 0; round < rounds; round++) {
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

if (process.send) {
  const [file = '', rounds = '1', ...checkouts] = process.argv.slice(2);
  process.send(await readings(file, Number(rounds), checkouts));
} else await measure();
