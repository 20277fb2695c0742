/** Names and page lists as they appear in messages for people. */

/** [3, 4, 5, 9] -> "3-5, 9". At most `maxRanges` ranges, then the number of further pages. The numbers must be ascending. */
export function pageRanges(pageNumbers: readonly number[], maxRanges = 12): string {
  const ranges: { first: number; last: number }[] = [];
  for (const n of pageNumbers) {
    const range = ranges.at(-1);
    if (range && range.last === n - 1) range.last = n;
    else ranges.push({ first: n, last: n });
  }
  const shown = ranges.slice(0, maxRanges).map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const left = ranges.slice(maxRanges).reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return shown.join(', ') + (left > 0 ? ` and ${left} more` : '');
}

/** Makes file names, titles and headings fit for lists and messages: one line, no control characters, at most `max` UTF-16 units. */
export function oneLine(text: string, max = 120): string {
  const line = text
    // Cut first, so that a heading of 50 MB does not take long.
    .slice(0, 4 * max)
    .replace(/[\p{Cc}\p{Surrogate}\u00AD\u202A-\u202E\u2066-\u2069\s]+/gu, ' ')
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1).replace(/\p{Surrogate}$/u, '')}…`;
}
