/** Recognises what looks like a table but is listings beside their output, or running text with labels in the margin. Pure. */
import type { Band } from './pdf-bands.ts';
import { isRunningText, sideOf } from './pdf-prose.ts';
import { mostLines, rowsOf } from './pdf-rows.ts';
import type { Segment } from './pdf-segments.ts';
import { aligned } from './pdf-tables.ts';

/** A part of a table; `isBeside`: it is not a table but two texts beside each other. */
export interface TablePart {
  band: Band;
  isBeside: boolean;
}

/** Listings beside their output, one pair below the other, are drawn like a table's rows, but their lines are not level. */
export function tableParts(band: Band): TablePart[] {
  const groups = stackedGroups(band);
  const parts: TablePart[] = [];
  for (const { left, right } of groups) {
    const group: Band = { above: [], left, right, below: [], gutters: band.gutters };
    const isBeside =
      groups.length > 1 && Math.min(rowsOf(left).length, rowsOf(right).length) >= 3 && aligned(group) < 0.75;
    const last = parts.at(-1);
    if (last && !last.isBeside && !isBeside) {
      last.band.left.push(...left);
      last.band.right.push(...right);
    } else parts.push({ band: group, isBeside });
  }
  return parts;
}

/** Groups of segments: a new one begins when the drawing returns to the first side. There is one group if they are not below each other. */
function stackedGroups({ left, right }: Band): Pick<Band, 'left' | 'right'>[] {
  const isLeft = new Set(left);
  const drawn = [...left, ...right].sort((a, b) => a.order - b.order);
  const startsLeft = isLeft.has(drawn[0] as Segment);
  const groups: Pick<Band, 'left' | 'right'>[] = [];
  let lowest = Number.POSITIVE_INFINITY; // of the completed groups
  let low = Number.POSITIVE_INFINITY;
  for (const [i, segment] of drawn.entries()) {
    const before = drawn[i - 1];
    const onFirst = isLeft.has(segment) === startsLeft;
    if (!before || (onFirst && isLeft.has(before) !== startsLeft)) {
      groups.push({ left: [], right: [] });
      lowest = low;
    }
    if (segment.base > lowest - 0.5 * segment.size) return [{ left, right }];
    low = Math.min(low, segment.base);
    (isLeft.has(segment) ? groups.at(-1)?.left : groups.at(-1)?.right)?.push(segment);
  }
  return groups;
}

/** Whether the left side has labels in the margin, each at the first line of the running text or the listing beside it. */
export function hasMarginLabels({ left, right }: Band): boolean {
  if (left.length > 0.25 * right.length || sideOf(left).words > 2 || !(isRunningText(right) || isListing(right)))
    return false;
  const levels = left.map(({ base }) => base).sort((a, b) => b - a);
  const lines = rowsOf(right);
  return levels.some((level, i) => {
    const next = levels[i + 1] ?? Number.NEGATIVE_INFINITY;
    return (
      lines.filter(([first]) => first && first.base <= level + 0.3 * first.size && first.base > next).length > mostLines
    );
  });
}

/** Whether most lines are numbered one after the other, as those of a program are. */
function isListing(segments: readonly Segment[]): boolean {
  const lines = rowsOf(segments);
  const numbers = lines.map(([first]) => Number(/^\d{1,5}(?=\s|$)/.exec(first?.text ?? '')?.[0] ?? Number.NaN));
  const inTurn = numbers.filter((number, i) => number === (numbers[i - 1] as number) + 1);
  return inTurn.length > 0.5 * lines.length;
}

/** The text, with each label before the line at which it begins; a label beside no line keeps its place. */
export function withMarginLabels({ left, right }: Band): Segment[] {
  const lines = right.map((segment) => ({ ...segment }));
  const alone = labelBlocks(left).filter((label) => {
    const line = lines
      .filter(({ base, size }) => Math.abs(base - label.base) < 0.35 * size)
      .sort((a, b) => a.left - b.left)[0];
    if (line) {
      line.text = `${label.text}\t${line.text}`;
      line.widestGap = Math.max(line.widestGap, line.left - label.right);
    }
    return !line;
  });
  return [...alone, ...lines];
}

/** Joins labels of one paragraph that are below each other and drawn together into one label. */
function labelBlocks(labels: readonly Segment[]): Segment[] {
  const blocks: Segment[] = [];
  let last: Segment | undefined;
  for (const label of [...labels].sort((a, b) => a.order - b.order)) {
    const block = blocks.at(-1);
    const step = last ? last.base - label.base : 0;
    if (block && last && label.order === last.order + 1 && step > 0.35 * label.size && step < 1.6 * label.size) {
      block.text += ` ${label.text}`;
      block.right = Math.max(block.right, label.right);
    } else blocks.push({ ...label });
    last = label;
  }
  return blocks;
}
