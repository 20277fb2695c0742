/** Reads e-mail with postal-mime: the header fields that people read, the text, the appointments, and the names of the attachments. */
import PostalMime, { type Address, type Attachment } from 'postal-mime';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { are, plural, were } from '../contract/number-words.ts';
import { calendarText } from './calendar-text.ts';
import { noteUndecodable } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import type { ImportNotes } from './import-notes.ts';
import { addPageNotes } from './page-notes.ts';
import { TextBuilder } from './text-builder.ts';
import { oneLine } from './wording.ts';

export async function extractEml({ source, limits, notes }: ExtractContext): Promise<ParsedDocument> {
  // Attached messages are read as part of the text, down to five levels.
  const mail = await PostalMime.parse(source.readAll(), {
    maxNestingDepth: 50,
    maxHeadersSize: 2_000_000,
    maxRfc822NestingDepth: 5,
  });
  const subject = oneLine(mail.subject ?? '', 400);
  const date = mail.headers.find(({ key }) => key === 'date')?.value.trim();
  const body = bodyText(mail.text ?? '', mail.html ?? '', notes);
  if (body === '' && mail.attachments.some(isEncrypted)) {
    throw new AppError('DOC_PROTECTED', `${source.name} is an encrypted message. Save it decrypted, or as PDF.`);
  }
  const attached = mail.attachments.filter(({ related }) => related !== true);
  const appointments = new Map(attached.filter(isCalendar).map((part) => [part, calendarText(textOf(part))]));
  const unread = attached.filter((part) => (appointments.get(part) ?? []).length === 0);
  const entries = new Set([...appointments.values()].flat()); // an invitation is often there twice
  const fields = [
    ['From', addresses(mail.from ? [mail.from] : [])],
    ['To', addresses(mail.to)],
    ['Cc', addresses(mail.cc)],
    ['Bcc', addresses(mail.bcc)],
    ['Date', date ?? ''],
    ['Subject', subject],
    [
      'Attachments',
      attached
        .filter((part) => unread.includes(part) || part.filename)
        .map(nameOf)
        .join(', '),
    ],
  ].filter(([, value]) => value !== '');
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const head = fields.map(([name, value]) => `${name}: ${value}`).join('\n');
  builder.addPage(subject || source.stem, [head, body, ...entries].filter(Boolean).join('\n\n'));
  noteUndecodable([head, body, ...entries].join(''), 'the encoding that the message states', notes);
  noteAttachments(unread, mail.attachments.length - attached.length, notes);
  return builder.finish(subject || source.stem, 'eml', notes);
}

/** The plain text part, unless the HTML part has more: some plain parts only refer to the HTML, some lack its tables. */
function bodyText(text: string, html: string, notes: ImportNotes): string {
  const plain = text.trim();
  if (html.trim() === '') return plain;
  const page = htmlToMarkdown(html, 'html');
  const markdown = page.markdown.trim();
  if (holdsWords(plain, markdown)) return plain;
  // The page's pictures are parts of the message and are counted there.
  addPageNotes(notes, [{ ...page, pictures: 0 }]);
  return markdown;
}

/** Whether the plain text has nearly all words of the other part; they may differ in a greeting or in the marks of quotations. */
function holdsWords(plain: string, markdown: string): boolean {
  const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const has = new Set(words(plain));
  const wanted = new Set(words(markdown));
  return [...wanted].filter((word) => !has.has(word)).length <= 0.02 * wanted.size;
}

function addresses(list: readonly Address[] | undefined): string {
  return (list ?? [])
    .map((one) =>
      one.group === undefined
        ? [one.name, one.address && (one.name ? `<${one.address}>` : one.address)].filter(Boolean).join(' ')
        : `${one.name}: ${addresses(one.group)}`,
    )
    .join(', ');
}

function nameOf({ filename, description, mimeType }: Attachment): string {
  return oneLine(filename || description || mimeType);
}

const isCalendar = ({ mimeType }: Attachment): boolean => /^(text\/calendar|application\/ics)$/.test(mimeType);

/** postal-mime has decoded a calendar part already, to UTF-8. */
const textOf = ({ content }: Attachment): string =>
  typeof content === 'string' ? content : new TextDecoder().decode(content);

function isEncrypted({ mimeType }: Attachment): boolean {
  return /^application\/(x-)?pkcs7-mime$|^application\/pgp-encrypted$/.test(mimeType);
}

function noteAttachments(attached: readonly Attachment[], pictures: number, notes: ImportNotes): void {
  if (attached.length > 0) {
    const names = attached.map(nameOf);
    const sentence = `${plural(attached.length, 'attachment')} of the message ${were(attached.length)} not read: ${names.join(', ')}. Save and open what you need.`;
    notes.add({ kind: 'attachments', count: attached.length, names, sentence });
  }
  if (pictures > 0) {
    const sentence = `${plural(pictures, 'picture')} inside the message ${are(pictures)} not in the text.`;
    notes.add({ kind: 'pictures', count: pictures, sentence });
  }
}
