/** A Jupyter notebook (nbformat 3 and 4): cells in order, code in fences, outputs as text. */
import { z } from 'zod';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { plural } from '../contract/number-words.ts';
import { decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import { markdownSections } from './markdown-sections.ts';
import { TextBuilder } from './text-builder.ts';

const lines = z
  .union([z.string(), z.array(z.string())])
  .transform((text) => (Array.isArray(text) ? text.join('') : text));
const outputSchema = z.looseObject({
  output_type: z.string().catch(''),
  text: lines.optional().catch(undefined),
  data: z.record(z.string(), z.unknown()).optional().catch(undefined),
  ename: z.string().optional().catch(undefined),
  evalue: z.string().optional().catch(undefined),
  traceback: z.array(z.string()).optional().catch(undefined),
  // nbformat 3 has the formats of an output beside its type
  html: lines.optional().catch(undefined),
  latex: lines.optional().catch(undefined),
  json: lines.optional().catch(undefined),
  png: z.unknown().optional(),
  jpeg: z.unknown().optional(),
  svg: z.unknown().optional(),
});
const cellSchema = z.looseObject({
  cell_type: z.string(),
  source: lines.optional(),
  input: lines.optional(), // nbformat 3
  level: z.number().optional().catch(undefined), // of a heading of nbformat 3
  outputs: z
    .array(outputSchema.or(z.unknown().transform(() => undefined)))
    .optional()
    .catch(undefined),
});
const notebookSchema = z.looseObject({
  cells: z.array(cellSchema).optional(),
  worksheets: z.array(z.looseObject({ cells: z.array(cellSchema) })).optional(), // nbformat 3
  metadata: z
    .looseObject({
      language_info: z.looseObject({ name: z.string() }).optional().catch(undefined),
      kernelspec: z.looseObject({ language: z.string() }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});
type Output = z.infer<typeof outputSchema>;

export function extractIpynb({ source, limits, notes }: ExtractContext): ParsedDocument {
  const notebook = readNotebook(decodeText(source.readAll(), source.name, notes), source.name);
  const language = notebook.metadata?.language_info?.name ?? notebook.metadata?.kernelspec?.language ?? '';
  const cells = notebook.cells ?? notebook.worksheets?.flatMap((worksheet) => worksheet.cells) ?? [];
  let pictures = 0;
  const unread: string[] = []; // media types of outputs
  const parts: string[] = [];
  for (const { cell_type: type, source: text, input, level, outputs } of cells) {
    const content = (text ?? input ?? '').trimEnd();
    if (type === 'heading') parts.push(`${'#'.repeat(Math.min(6, Math.max(1, level ?? 1)))} ${content}`);
    else if (type !== 'code') parts.push(content);
    else {
      if (content !== '') parts.push(fenced(content, language));
      for (const output of outputs ?? []) {
        if (!output) {
          unread.push('damaged');
          continue;
        }
        const data = dataOf(output);
        const shown = outputText(output, data);
        if (shown !== '') parts.push(fenced(shown, 'output'));
        else if (Object.keys(data).some((kind) => kind.startsWith('image/'))) pictures++;
        else
          unread.push(
            ...Object.keys(data)
              .filter((kind) => !kind.startsWith('text/'))
              .slice(0, 1),
          );
      }
    }
  }
  const markdown = parts.filter((part) => part.trim() !== '').join('\n\n');
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const title = markdownSections(markdown).find(({ heading }) => heading)?.heading ?? source.stem;
  builder.addSections(title, markdown);
  if (pictures > 0) {
    const sentence = `${plural(pictures, 'output')} of the notebook ${pictures === 1 ? 'is a picture' : 'are pictures'} without a text.`;
    notes.add({ kind: 'pictures', count: pictures, sentence });
  }
  if (unread.length > 0) {
    const names = [...new Set(unread)];
    const sentence = `${plural(unread.length, 'output')} of the notebook ${unread.length === 1 ? 'has' : 'have'} no form that is text, and ${unread.length === 1 ? 'is' : 'are'} not read: ${names.join(', ')}.`;
    notes.add({ kind: 'parts-not-read', count: unread.length, names, sentence });
  }
  return builder.finish(title, 'ipynb', notes);
}

function readNotebook(text: string, name: string): z.infer<typeof notebookSchema> {
  try {
    const notebook = notebookSchema.parse(JSON.parse(text));
    if (notebook.cells || notebook.worksheets) return notebook;
  } catch {
    // the error below is thrown
  }
  throw new AppError('DOC_FORMAT', `${name} is a damaged notebook: it has no list of cells. Save it anew in Jupyter.`);
}

type Data = Record<string, unknown>; // forms of one output, by media type

function dataOf({ data, html, latex, json, png, jpeg, svg }: Output): Data {
  if (data) return data;
  const old = {
    'text/html': html,
    'text/latex': latex,
    'application/json': json,
    'image/png': png,
    'image/jpeg': jpeg,
    'image/svg+xml': svg,
  };
  return Object.fromEntries(Object.entries(old).filter(([, value]) => value !== undefined));
}

function outputText({ output_type: type, text, ename, evalue, traceback }: Output, data: Data): string {
  if (type === 'error' || type === 'pyerr' || ename !== undefined) {
    const trace = withoutColours(tracebackText(traceback));
    return trace === '' ? withoutColours(`${ename ?? 'Error'}: ${evalue ?? ''}`) : trace;
  }
  const plain = text ?? shownAs(data, 'text/plain');
  const html = shownAs(data, 'text/html');
  // HTML is better for a data frame, whose plain text lacks columns that do not fit into a line, and for objects whose plain text is only
  // their name.
  const isBetter = html !== undefined && (html.includes('<table') || plain === undefined || namesItself(plain));
  const page = isBetter ? htmlToMarkdown(html, 'html').markdown.trim() : '';
  if (page !== '') return page;
  const shown = shownAs(data, 'text/markdown') ?? shownAs(data, 'text/latex') ?? plain ?? jsonText(data);
  // "<Figure size 640x480 with 1 Axes>" is only the name of the picture beside it.
  const isPicture = Object.keys(data).some((kind) => kind.startsWith('image/'));
  return isPicture && namesItself(shown) ? '' : withoutColours(shown);
}

/** Whether the text is only an object's name: "<IPython.core.display.HTML object>". */
function namesItself(plain: string): boolean {
  return /^<[^<>]*>$/.test(plain.trim());
}

function jsonText(data: Data): string {
  const kind = Object.keys(data).find((name) => /[/+]json$/.test(name));
  const value = kind === undefined ? undefined : data[kind];
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Programs write a traceback as one string for each line or for each frame, without line ends in between. */
function tracebackText(traceback: readonly string[] | undefined): string {
  return (traceback ?? []).map((part) => part.replace(/\n$/, '')).join('\n');
}

function shownAs(data: Data, kind: string): string | undefined {
  const parsed = lines.safeParse(data[kind]);
  return parsed.success ? parsed.data : undefined;
}

/** Removes escape sequences for a terminal's colours. */
function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins such a sequence
  return text.replace(/\u001b\[[\d;]*[A-Za-z]/g, '').trimEnd();
}

/** Puts text into a fence that is longer than any fence in the text. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...(text.match(/`{3,}/g) ?? []).map((fence) => fence.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language.replace(/[^\w+#.-]/g, '')}\n${text}\n${fence}`;
}
