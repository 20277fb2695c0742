/**
 * Accents that the file draws as glyphs of their own over or under a letter, as old TeX fonts do: "hell´enique" is "hellénique". An accent
 * belongs to the letter that it overlaps. Pure.
 */
import type { TextRun } from './pdfium-page.ts';

/** The combining character of each accent that stands for itself. */
const combining: Record<string, string> = {
  '`': '\u0300',
  '´': '\u0301',
  ˆ: '\u0302',
  '˜': '\u0303',
  '¯': '\u0304',
  '˘': '\u0306',
  '˙': '\u0307',
  '¨': '\u0308',
  '˚': '\u030A',
  '˝': '\u030B',
  ˇ: '\u030C',
  '¸': '\u0327',
  '˛': '\u0328',
};
const accent = /[`´ˆ˜¯˘˙¨˚˝ˇ¸˛]/;
const letter = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]$/u;
const mostRise = 0.45; // of the size: how far an accent's base line may lie above its capital's
const mostAccents = 20_000; // on a page

interface Glyph {
  run: TextRun;
  unit: number; // of the run's text
}

/** Changes the runs: accents are joined with their letters. Runs that consist of accents only are removed. */
export function withAccents(runs: TextRun[]): TextRun[] {
  const accents = runs.flatMap((run) => (run.flow === 'right' && accent.test(run.text) ? accentsOf(run) : []));
  if (accents.length === 0) return runs;
  const byLevel = new Map<string, TextRun[]>();
  for (const run of runs) {
    const key = levelOf(run, 0);
    const level = byLevel.get(key);
    if (level) level.push(run);
    else byLevel.set(key, [run]);
  }
  const taken = new Map<TextRun, number[]>(); // units of accents that went into a letter
  for (const mark of accents.slice(0, mostAccents)) {
    const host = letterUnder(mark, byLevel);
    if (!host) continue;
    const { run, unit } = host;
    const composed = compose(run.text[unit] as string, mark.run.text[mark.unit] as string);
    if (composed === undefined) continue;
    run.text = run.text.slice(0, unit) + composed + run.text.slice(unit + 1);
    taken.set(mark.run, [...(taken.get(mark.run) ?? []), mark.unit]);
  }
  return taken.size === 0 ? runs : withoutUnits(runs, taken);
}

function accentsOf(run: TextRun): Glyph[] {
  return [...run.text.matchAll(new RegExp(accent, 'g'))].map(({ index }) => ({ run, unit: index }));
}

const levelHeight = 8; // points

const levelOf = ({ turn, base }: TextRun, step: number): string => `${turn} ${Math.floor(base / levelHeight) + step}`;

function letterUnder({ run, unit }: Glyph, byLevel: ReadonlyMap<string, readonly TextRun[]>): Glyph | undefined {
  const left = run.lefts[unit] as number;
  const right = run.rights[unit] as number;
  const middle = (left + right) / 2;
  const reach = Math.min(8, Math.ceil((mostRise * run.size) / levelHeight));
  let best: Glyph | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let step = -reach; step <= reach; step++) {
    for (const other of byLevel.get(levelOf(run, step)) ?? []) {
      const rise = run.base - other.base;
      if (other.left > middle || other.right < middle || rise > mostRise * run.size || rise < -0.1 * run.size) continue;
      if (Math.abs(other.size / run.size - 1) > 0.4) continue;
      for (let at = 0; at < other.text.length; at++) {
        const from = other.lefts[at] as number;
        const to = other.rights[at] as number;
        if (middle < from || middle > to || !letter.test(other.text[at] as string)) continue;
        // The accent may be wider than a narrow letter, but must overlap it, and not stand beside it.
        if (Math.min(right, to) - Math.max(left, from) < 0.5 * Math.min(right - left, to - from)) continue;
        const distance = Math.abs(middle - (from + to) / 2) + Math.abs(rise);
        if (distance >= least) continue;
        least = distance;
        best = { run: other, unit: at };
      }
    }
  }
  return best;
}

/** The letter with its accent; undefined: Unicode has no such character. */
function compose(base: string, mark: string): string | undefined {
  const whole = base === 'ı' ? 'i' : base === 'ȷ' ? 'j' : base;
  const composed = (whole + combining[mark]).normalize('NFC');
  return composed.length === 1 ? composed : undefined;
}

function withoutUnits(runs: readonly TextRun[], taken: ReadonlyMap<TextRun, readonly number[]>): TextRun[] {
  const left: TextRun[] = [];
  let before: { run: TextRun; right: number } | undefined; // of a run that lost its end: where its last letter ends
  for (const run of runs) {
    const units = taken.get(run);
    const startsAt = run.left;
    if (units) cut(run, new Set(units));
    // The white space beside the accent is measured again beside the letter.
    const isNext = before?.run.line === run.line;
    if (before && isNext && run.spaced) run.spaced = run.left - before.right > 0.15 * run.size;
    if (run.text === '') {
      before ??= { run, right: startsAt };
      const last = left.at(-1);
      if (last && last.line === run.line) before = { run: last, right: last.right };
      continue;
    }
    left.push(run);
    before = units ? { run, right: run.right } : undefined;
  }
  return left;
}

function cut(run: TextRun, units: ReadonlySet<number>): void {
  const kept: number[] = [];
  for (let unit = 0; unit < run.text.length; unit++) {
    if (units.has(unit)) continue;
    const isSpace = run.text[unit] === ' ';
    // White space beside a removed accent does not belong to the text.
    const last = kept.at(-1);
    if (isSpace && (last === undefined || run.text[last] === ' ')) continue;
    if (isSpace && (units.has(unit - 1) || units.has(unit + 1)) && !isGap(run, kept.at(-1), nextKept(run, units, unit)))
      continue;
    kept.push(unit);
  }
  while (run.text[kept.at(-1) ?? -1] === ' ') kept.pop();
  run.text = kept.map((unit) => run.text[unit]).join('');
  run.lefts = kept.map((unit) => run.lefts[unit] as number);
  run.rights = kept.map((unit) => run.rights[unit] as number);
  if (kept.length === 0) return;
  run.left = Math.min(...run.lefts);
  run.right = Math.max(...run.rights);
}

function nextKept(run: TextRun, units: ReadonlySet<number>, from: number): number | undefined {
  for (let unit = from + 1; unit < run.text.length; unit++) {
    if (!units.has(unit) && run.text[unit] !== ' ') return unit;
  }
  return undefined;
}

function isGap(run: TextRun, last: number | undefined, next: number | undefined): boolean {
  if (last === undefined || next === undefined) return false;
  return (run.lefts[next] as number) - (run.rights[last] as number) > 0.15 * run.size;
}
