/** Finds the headings of a Markdown text. Nothing else of Markdown is interpreted. */

export interface MarkdownSection {
  heading: string | undefined; // undefined: the text before the first heading
  start: number; // [start, end) in UTF-16 units
  end: number;
}

/** Sections in order; together they cover the text. Headings: "# x" and "x" underlined with "===", not in code fences. */
export function markdownSections(markdown: string): MarkdownSection[] {
  const sections: MarkdownSection[] = [];
  let open: MarkdownSection = { heading: undefined, start: 0, end: 0 };
  let fence: string | undefined; // the character of the open fence
  let previous = ''; // the line before, when it can be the text of an underlined heading
  let previousStart = 0;
  const begin = (heading: string, start: number): void => {
    open.end = start;
    if (open.end > open.start) sections.push(open);
    open = { heading, start, end: start };
  };
  for (let at = 0; at < markdown.length; ) {
    const newline = markdown.indexOf('\n', at);
    const lineEnd = newline < 0 ? markdown.length : newline;
    const line = markdown.slice(at, Math.min(lineEnd, at + 2000)); // headings are shorter
    const fenceMark = /^ {0,3}(```|~~~)/.exec(line)?.[1]?.charAt(0);
    if (fenceMark && (fence === undefined || fence === fenceMark)) fence = fence === undefined ? fenceMark : undefined;
    else if (fence === undefined) {
      const atx = /^ {0,3}#{1,6}[ \t]+(\S.*)$/.exec(line)?.[1];
      if (atx !== undefined) begin(withoutMarks(atx), at);
      else if (previous !== '' && /^={3,}[ \t]*$/.test(line)) begin(withoutMarks(previous), previousStart);
    }
    previous = fence === undefined && line.length < 200 ? line.trim() : '';
    previousStart = at;
    at = lineEnd + 1;
  }
  open.end = markdown.length;
  if (open.end > open.start) sections.push(open);
  return sections;
}

function withoutMarks(heading: string): string {
  return heading
    .replace(/[ \t]+#+[ \t]*$/, '')
    .replace(/[*`]+/g, '')
    .trim();
}
