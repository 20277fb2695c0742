/** Recognises the format by the content; the extension decides only between kinds that are plain text. */
import { type DocumentFormat, documentKinds, kindOfExtension } from '../contract/document-kinds.ts';
import { AppError } from '../contract/errors.ts';
import type { ImportNotes } from './import-notes.ts';
import type { SourceFile } from './source-file.ts';
import { unreadableKind } from './unreadable-kinds.ts';

/** Kinds that are plain text, distinguished by their extension. Files of other kinds must have their format's mark. */
const textKinds = ['txt', 'md', 'csv', 'tex', 'code', 'eml', 'ipynb', 'html'] as const;
type TextKind = (typeof textKinds)[number];
/** The formats of a file that is not a zip archive. */
export type PlainFormat = TextKind | 'pdf' | 'picture' | 'rtf' | 'odt' | 'odp' | 'ods';

const pictureMarks = ['\x89PNG\r\n', '\xff\xd8\xff', 'BM', 'II*\0', 'MM\0*'];

/** zip: zip-format.ts recognises the kind by the entries. odt, odp and ods: one flat XML file. */
export function sniffFormat(source: SourceFile, notes: ImportNotes): PlainFormat | 'zip' {
  const head = Buffer.from(source.head(4096)).toString('latin1');
  const { extension, name } = source;
  const named = kindOfExtension(extension);
  if (head.startsWith('PK\x03\x04') || head.startsWith('PK\x05\x06')) return 'zip';
  const unreadable = unreadableKind(source, head);
  if (unreadable) throw unreadable;
  if (isPicture(head)) return expected('picture', source, notes);
  if (/^\s*\{\\rtf/.test(head)) return expected('rtf', source, notes);
  const isTextName = named === 'txt' || named === 'md' || named === 'csv' || named === 'tex' || named === 'code';
  // A text about PDF may contain the mark too: it counts at offset 0, and later only if the extension is not one of a text.
  const pdfAt = head.slice(0, 1029).indexOf('%PDF-');
  if (pdfAt === 0 || (pdfAt > 0 && !isTextName)) return expected('pdf', source, notes);
  const flat = flatOpenDocument(head);
  if (flat) return expected(flat, source, notes);
  if (looksLikeHtml(head) && !isTextName && named !== 'eml') return expected('html', source, notes);
  if (looksLikeMail(head) && (named === undefined || named === 'eml')) return expected('eml', source, notes);
  if (named === undefined) return 'txt';
  if (isTextKind(named)) return named;
  throw new AppError(
    'DOC_FORMAT',
    `${name} is not ${withArticle(extension.toUpperCase())} file although it is named so; it may be a broken download. Get it again.`,
  );
}

/** The content decides; a note is added if the name suggests another format. */
export function expected<Format extends DocumentFormat>(
  format: Format,
  { extension }: SourceFile,
  notes: ImportNotes,
): Format {
  if (extension !== '' && kindOfExtension(extension) !== format) {
    const sentence = `The file is named .${extension} but is ${withArticle(documentKinds[format].name)}; it was read as such.`;
    notes.add({ kind: 'other-format', count: 1, sentence });
  }
  return format;
}

function withArticle(name: string): string {
  return `${/^([aeioAEIOU]|[FHLMNRSX](?=[A-Z]))/.test(name) ? 'an' : 'a'} ${name}`;
}

function isTextKind(format: DocumentFormat): format is TextKind {
  return (textKinds as readonly string[]).includes(format);
}

/** A text may begin with "BM", but has no zero bytes. */
function isPicture(head: string): boolean {
  if (!head.includes('\0')) return false;
  return pictureMarks.some((mark) => head.startsWith(mark)) || (head.startsWith('RIFF') && head.startsWith('WEBP', 8));
}

/** The format for a media type such as "application/vnd.oasis.opendocument.text", or that of a template. */
export function openDocumentFormat(mediaType: string): 'odt' | 'odp' | 'ods' | undefined {
  const kind = /^application\/vnd\.oasis\.opendocument\.(text|presentation|spreadsheet)(-(template|master|web))?$/.exec(
    mediaType.trim(),
  )?.[1];
  return kind === 'text' ? 'odt' : kind === 'presentation' ? 'odp' : kind === 'spreadsheet' ? 'ods' : undefined;
}

function flatOpenDocument(head: string): 'odt' | 'odp' | 'ods' | undefined {
  const mediaType = /<office:document\s[^>]*?office:mimetype="([^"]{1,100})"/.exec(head)?.[1];
  return mediaType === undefined ? undefined : openDocumentFormat(mediaType);
}

function looksLikeHtml(head: string): boolean {
  // Without its zero bytes UTF-16 keeps its ASCII letters, which is enough to recognise a tag.
  const text = head.replace(/^\xef\xbb\xbf|^\xff\xfe|^\xfe\xff/, '').replaceAll('\0', '');
  const start = text.replace(/^(\s|<\?xml[^>]*>|<!--[\s\S]*?-->)+/, '').slice(0, 200);
  return /^<(!doctype\s+html|html|head|body)[\s>]/i.test(start);
}

/** Whether the text begins with header fields (RFC 5322), with two of the usual ones among them. */
function looksLikeMail(head: string): boolean {
  const fields = head.split(/\r?\n\r?\n/)[0] ?? '';
  if (!/^[!-9;-~]{1,70}:[ \t]/.test(fields)) return false;
  const usual = fields.match(/^(from|to|date|subject|message-id|mime-version|received|return-path):/gim) ?? [];
  return new Set(usual.map((field) => field.toLowerCase())).size >= 2;
}
