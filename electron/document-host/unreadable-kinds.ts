/** Kinds of files that cannot be read, recognised by their first bytes: each has a name and an advice for the error's sentence. */
import { AppError } from '../contract/errors.ts';
import type { SourceFile } from './source-file.ts';

interface UnreadableKind {
  at: number; // offset in bytes
  marks: readonly string[]; // as Latin-1
  what: string;
  advice: string;
}

const fromItsProgram = 'Open it in its program and save it as DOCX or PDF.';
const toEpub = 'Convert it to EPUB (Calibre does that) and open the result.';
const toPdf = 'Convert it to PDF and open that.';
const noDocument = 'RocketDoc reads documents: PDF, Word, EPUB, web pages, tables, text and others.';

const binaryKinds: readonly UnreadableKind[] = [
  { at: 60, marks: ['BOOKMOBI', 'TEXtREAd'], what: 'a Kindle or Mobipocket book', advice: toEpub },
  { at: 0, marks: ['\xeaDRMION', 'CONT\x02', 'TPZ'], what: 'a Kindle book', advice: toEpub },
  { at: 0, marks: ['AT&TFORM'], what: 'a DjVu document', advice: toPdf },
  { at: 0, marks: ['ITSF', 'ITOLITLS'], what: 'a help file or book of Microsoft', advice: toEpub },
  { at: 0, marks: ['\xffWPC'], what: 'a WordPerfect document', advice: fromItsProgram },
  { at: 0, marks: ['\x31\xbe\x00', '\xdb\xa5'], what: 'a very old Word document', advice: fromItsProgram },
  { at: 0, marks: ['GIF8'], what: 'a picture', advice: 'Save it as PNG, JPEG or PDF.' },
  { at: 4, marks: ['ftyphei', 'ftypmif', 'ftypavif'], what: 'a picture', advice: 'Save it as PNG, JPEG or PDF.' },
  { at: 4, marks: ['ftyp'], what: 'a film or sound', advice: noDocument },
  { at: 0, marks: ['ID3', 'OggS', 'fLaC', '\x1aE\xdf\xa3'], what: 'a sound or film', advice: noDocument },
  {
    at: 0,
    marks: ['\x1f\x8b', 'BZh', '\xfd7zXZ', '7z\xbc\xaf', 'Rar!', '\x28\xb5\x2f\xfd'],
    what: 'a compressed archive',
    advice: 'Unpack it and open the files inside.',
  },
  { at: 0, marks: ['\x7fELF', 'MZ\x90\0'], what: 'a program', advice: noDocument },
  { at: 0, marks: ['SQLite format 3'], what: 'a database', advice: noDocument },
  { at: 0, marks: ['PAR1'], what: 'a Parquet table', advice: 'Save it as CSV.' },
  { at: 0, marks: ['!BDN'], what: "Outlook's store of mail", advice: 'Save the messages you need as .eml or PDF.' },
  { at: 0, marks: ['GGUF\x02', 'GGUF\x03'], what: 'a model file', advice: 'Choose it as a model instead.' },
];

const textMarks: readonly UnreadableKind[] = [
  { at: 0, marks: ['%!PS', '\xc5\xd0\xd3\xc6'], what: 'a PostScript file', advice: toPdf },
];

/** Streams of an OLE container that identify the old formats of Office. */
const oleKinds: readonly { stream: string; what: string; advice: string }[] = [
  { stream: '__substg1.0_', what: 'an Outlook message', advice: 'Save it as .eml or PDF in its program.' },
  { stream: 'WordDocument', what: 'an old Word document (.doc)', advice: 'Open it in Word and save it as DOCX.' },
  { stream: 'PowerPoint Document', what: 'an old presentation (.ppt)', advice: 'Open it and save it as PPTX or PDF.' },
  { stream: 'Workbook', what: 'an old Excel workbook (.xls)', advice: 'Open it in Excel and save it as XLSX.' },
  { stream: 'Book', what: 'an old Excel workbook (.xls)', advice: 'Open it in Excel and save it as XLSX.' },
];

/** `head`: the first 4096 bytes as Latin-1. undefined: it is none of these kinds. */
export function unreadableKind(source: SourceFile, head: string): AppError | undefined {
  if (head.startsWith('\xd0\xcf\x11\xe0')) return oldOfficeFile(source);
  // A text may begin with the word RIFF, but has no zero bytes.
  const kinds = head.includes('\0') ? [...binaryKinds, ...textMarks] : textMarks;
  const kind = kinds.find(({ at, marks }) => marks.some((mark) => head.startsWith(mark, at)));
  if (kind) return cannotRead(source.name, kind.what, kind.advice);
  if (head.startsWith('RIFF') && head.includes('\0') && !head.startsWith('WEBP', 8)) {
    return cannotRead(source.name, 'a sound or film', noDocument);
  }
  return undefined;
}

export function cannotRead(name: string, what: string, advice: string): AppError {
  return new AppError('DOC_FORMAT', `${name} is ${what}, which cannot be read here. ${advice}`);
}

/** OLE container: an old Office file, a message, or a new Office file that is encrypted. */
function oldOfficeFile(source: SourceFile): AppError {
  const bytes = Buffer.from(source.head(16 * 1024 * 1024));
  const holds = (stream: string): boolean => bytes.includes(Buffer.from(stream, 'utf16le'));
  if (holds('EncryptedPackage')) {
    return new AppError(
      'DOC_PROTECTED',
      `${source.name} is protected by a password. Open it in its program and save a copy without one.`,
    );
  }
  const kind = oleKinds.find(({ stream }) => holds(stream));
  return cannotRead(source.name, kind?.what ?? 'in the old Office format', kind?.advice ?? fromItsProgram);
}
