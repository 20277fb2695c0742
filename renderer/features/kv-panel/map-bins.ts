/** The document's map in bins that are wide enough to be told apart, each with its share of the strongest one. Pure. */
import type { MapPage } from '../../../electron/contract/app-types.ts';
import type { Counters } from '../../../electron/contract/engine-reports.ts';
import { count, percent } from '../../format.ts';

/** One page, several short ones, or a part of a long one. */
export interface Bin {
  first: number;
  last: number;
  /** Which part of the page, counted from 0, of how many; a whole page has one part. */
  part: number;
  parts: number;
  tokens: number;
  kept: number;
  read: number;
  /** What a neutral question reads there; absent: not measured. */
  usual?: number | undefined;
  label: string;
  opening: string;
}

const mostBins = 96;

/**
 * Splits long pages into their parts and puts short neighbours together, so that at about `most` bins none is too thin to be seen.
 * The values of a bin of several pages are means, weighted by tokens.
 */
export function mapBins(map: readonly MapPage[], most = mostBins): Bin[] {
  const total = map.reduce((sum, page) => sum + page.tokens, 0);
  const bins: Bin[] = [];
  for (const [i, page] of map.entries()) {
    if (page.tokens === 0) continue;
    const { tokens, label, opening, parts } = page;
    if (parts.length > 0) {
      const each = { first: i, last: i, parts: parts.length, tokens: tokens / parts.length, label, opening };
      bins.push(...parts.map((use, part) => ({ ...each, ...use, part })));
      continue;
    }
    const last = bins.at(-1);
    if (last && last.parts === 1 && last.tokens + page.tokens <= total / most) {
      const both = last.tokens + tokens;
      last.kept = (last.kept * last.tokens + page.kept * tokens) / both;
      last.read = (last.read * last.tokens + page.read * tokens) / both;
      if (last.usual !== undefined && page.usual !== undefined)
        last.usual = (last.usual * last.tokens + page.usual * tokens) / both;
      last.tokens = both;
      last.last = i;
    } else {
      const { kept, read, usual } = page;
      bins.push({ first: i, last: i, part: 0, parts: 1, tokens, kept, read, usual, label, opening });
    }
  }
  return bins;
}

export interface Lane {
  name: 'Kept' | 'Read' | 'More';
  /** In [0, 1]: 1 is the strongest bin. */
  value: (bin: Bin) => number;
  /** What the strongest bin has: a share or a factor. */
  most: string;
  words: string;
}

export const times = (value: number) => `${value < 10 ? value.toFixed(1) : count(value)} times`;

/** keptMass has an entry for each KV head of each layer without a window; it is empty where nothing was chosen and every row is kept. */
export function keptShare({ kept }: Bin, { keptMass }: Counters): number {
  return keptMass.length > 0 ? kept / keptMass.length : 1;
}

export function mapLanes(bins: readonly Bin[], counters: Counters): Lane[] {
  const keptMost = Math.max(...bins.map((bin) => keptShare(bin, counters)), 0.001);
  const readMost = Math.max(...bins.map((bin) => bin.read), 0.001);
  const moreMost = Math.max(...bins.map(moreRead), 0.001);
  const lanes: Lane[] = [
    {
      name: 'Kept',
      value: (bin) => keptShare(bin, counters) / keptMost,
      most: percent(keptMost),
      words: 'of layers and heads, stage 1',
    },
    {
      name: 'Read',
      value: (bin) => bin.read / readMost,
      most: times(readMost),
      words: 'per token there, stage 2',
    },
  ];
  if (bins.some(({ usual }) => usual !== undefined))
    lanes.push({
      name: 'More',
      value: (bin) => moreRead(bin) / moreMost,
      most: times(moreMost),
      words: 'more than a neutral question reads',
    });
  return lanes;
}

/** Any question reads most at the end of a text: what is read beyond that is due to this question. */
export const moreRead = ({ read, usual }: Pick<Bin, 'read' | 'usual'>) =>
  usual === undefined ? 0 : Math.max(0, read - usual);

/** Left end and width of a bin as shares of the map's width, in proportion to its tokens. */
export interface Place {
  x: number;
  width: number;
}

export function placesOf(bins: readonly Bin[]): Place[] {
  const total = bins.reduce((sum, bin) => sum + bin.tokens, 0);
  let at = 0;
  return bins.map(({ tokens }) => {
    const place = { x: at, width: tokens / total };
    at += place.width;
    return place;
  });
}

/** The place of a whole page, from its first bin to its last. */
export function pagePlace(bins: readonly Bin[], places: readonly Place[], index: number): Place | undefined {
  const has = ({ first, last }: Bin) => index >= first && index <= last;
  const [from, to] = [places[bins.findIndex(has)], places[bins.findLastIndex(has)]];
  return from && to ? { x: from.x, width: to.x + to.width - from.x } : undefined;
}

/** With more pages than this no gaps are drawn between them: the gaps would hide the bins. */
const mostApart = 48;

/** The gap behind a bin in thousandths of the map: one behind each page; between the parts of a page the bins overlap a little instead. */
export function gapsOf(bins: readonly Bin[]): (bin: Bin) => number {
  const isApart = bins.filter(({ part }) => part === 0).length <= mostApart;
  return ({ part, parts }) => (isApart && part === parts - 1 ? 2 : -1);
}
