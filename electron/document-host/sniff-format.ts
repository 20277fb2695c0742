/** Decides the format: content first, the extension only where content cannot tell (text, Markdown). */
import type { DocumentFormat } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ImportNote } from '../contract/import-notes.ts';
import type { ImportNotes } from './import-notes.ts';
import type { SourceFile } from './source-file.ts';

const textExtensions = new Set(['txt', 'text', 'log', 'csv', 'tsv', 'json', 'xml', 'tex', 'rst', 'srt', 'yaml', 'yml']);
const markdownExtensions = new Set(['md', 'markdown', 'mdown', 'mkd']);
const htmlExtensions = new Set(['html', 'htm', 'xhtml', 'xht']);
const containerExtensions = new Set(['pdf', 'docx', 'epub']);

interface Signature {
  at: number; // offset in bytes
  marks: readonly string[]; // as Latin-1
  what: string;
}

const knownBinaries: readonly Signature[] = [
  { at: 0, marks: ['\x89PNG\r\n', '\xff\xd8\xff', 'GIF8', 'II*\0', 'MM\0*'], what: 'a picture' },
  { at: 0, marks: ['RIFF', 'ID3', 'OggS', 'fLaC', '\x1aE\xdf\xa3'], what: 'a picture, sound or film' },
  { at: 4, marks: ['ftyp'], what: 'a picture or film' },
  {
    at: 0,
    marks: ['\x1f\x8b', 'BZh', '\xfd7zXZ', '7z\xbc\xaf', 'Rar!', '\x28\xb5\x2f\xfd'],
    what: 'a compressed archive',
  },
  { at: 0, marks: ['\x7fELF', 'MZ\x90\0'], what: 'a program' },
  { at: 0, marks: ['SQLite format 3'], what: 'a database' },
  { at: 0, marks: ['GGUF\x02', 'GGUF\x03'], what: 'a model file' },
  { at: 0, marks: ['{\\rtf'], what: 'an RTF document' },
];

/** zip: DOCX or EPUB, told apart by its entries. */
export function sniffFormat(source: SourceFile, notes: ImportNotes): DocumentFormat | 'zip' {
  const head = Buffer.from(source.head(4096)).toString('latin1');
  const { extension, name } = source;
  if (head.startsWith('PK\x03\x04') || head.startsWith('PK\x05\x06')) return 'zip';
  if (head.startsWith('\xd0\xcf\x11\xe0')) throw oldOfficeFile(source);
  for (const { at, marks, what } of knownBinaries) {
    // A text may begin with the word RIFF; it has no zero bytes then.
    if (marks.some((mark) => head.startsWith(mark, at)) && (head.includes('\0') || head.startsWith('{\\rtf'))) {
      throw new AppError('DOC_FORMAT', `${name} is ${what}, which cannot be read here. Save it as PDF, DOCX or text.`);
    }
  }
  // A text that talks about PDF may hold the mark too: at offset 0 it always counts, later only without a text extension.
  const isTextName = textExtensions.has(extension) || markdownExtensions.has(extension);
  const pdfAt = head.slice(0, 1029).indexOf('%PDF-');
  if (pdfAt === 0 || (pdfAt > 0 && !isTextName)) {
    if (extension !== 'pdf' && extension !== '') notes.add(misnamed(extension, 'a PDF'));
    return 'pdf';
  }
  if (looksLikeHtml(head) && !isTextName) {
    if (!htmlExtensions.has(extension) && extension !== '') notes.add(misnamed(extension, 'a web page'));
    return 'html';
  }
  if (containerExtensions.has(extension)) {
    throw new AppError(
      'DOC_FORMAT',
      `${name} is not a ${extension.toUpperCase()} file although it is named so; it may be a broken download. Get it again.`,
    );
  }
  if (htmlExtensions.has(extension)) return 'html';
  return markdownExtensions.has(extension) ? 'md' : 'txt';
}

/** The content decides; the person is told. @param what 'a PDF' */
export function misnamed(extension: string, what: string): ImportNote {
  const sentence = `The file is named .${extension} but is ${what}; it was read as such.`;
  return { kind: 'other-format', count: 1, sentence };
}

function looksLikeHtml(head: string): boolean {
  // UTF-16 keeps its ASCII letters when the zero bytes are dropped; enough to see a tag.
  const text = head.replace(/^\xef\xbb\xbf|^\xff\xfe|^\xfe\xff/, '').replaceAll('\0', '');
  const start = text.replace(/^(\s|<\?xml[^>]*>|<!--[\s\S]*?-->)+/, '').slice(0, 200);
  return /^<(!doctype\s+html|html|head|body)[\s>]/i.test(start);
}

/** OLE container: an old Word file, or a DOCX that Office has encrypted. */
function oldOfficeFile(source: SourceFile): AppError {
  const bytes = Buffer.from(source.head(4 * 1024 * 1024));
  return bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'))
    ? new AppError(
        'DOC_ENCRYPTED',
        `${source.name} is protected by a password. Open it in Word and save a copy without one.`,
      )
    : new AppError(
        'DOC_FORMAT',
        `${source.name} is in the old Office format. Open it in its program and save it as DOCX or PDF.`,
      );
}
