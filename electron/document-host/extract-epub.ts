/** EPUB 2 and 3: the chapters of the OPF spine in reading order, named by the table of contents (nav, else NCX). */
import { load } from 'cheerio';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { NoteKind } from '../contract/import-notes.ts';
import { plural } from '../contract/number-words.ts';
import { decodePart } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import type { HtmlElement } from './html-nodes.ts';
import { htmlToMarkdown, type MarkdownPage } from './html-to-markdown.ts';
import type { ImportNotes } from './import-notes.ts';
import { markdownSections } from './markdown-sections.ts';
import { addPageNotes } from './page-notes.ts';
import { TextBuilder } from './text-builder.ts';
import { readXml } from './xml-guard.ts';
import type { GuardedZip } from './zip-guard.ts';
import { ZipNames } from './zip-names.ts';

interface Chapter {
  href: string; // as the book writes it
  entry: string | undefined; // its name in the archive
  isPicture: boolean; // a page of a comic
}

interface Package {
  title: string;
  spine: Chapter[]; // in reading order
  unlisted: string[]; // pages that are not in the spine
  contents: { entry: string; kind: 'nav' | 'ncx' } | undefined;
}

/** A readable book may have obfuscated fonts; any other encryption is DRM. */
const fontObfuscation = /idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc/;

export function extractEpub({ source, limits, notes, onProgress }: ExtractContext, zip: GuardedZip): ParsedDocument {
  const files = new ZipNames(zip.names);
  const book = readPackage(zip, files, source.name);
  if (isProtected(zip, files, book.spine)) {
    throw new AppError(
      'DOC_PROTECTED',
      `${source.name} is protected by its shop (DRM) and cannot be read outside its reader.`,
    );
  }
  const chapters = chapterTitles(zip, files, book);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const stylesheets = new Stylesheets(zip, files);
  const pages: MarkdownPage[] = [];
  const missing: string[] = [];
  const unreadable: string[] = [];
  for (const [i, { entry, href, isPicture }] of book.spine.entries()) {
    onProgress(i, book.spine.length);
    if (entry === undefined) {
      missing.push(href);
      continue;
    }
    if (isPicture || entry === book.contents?.entry) continue; // the contents page is navigation, not text
    let page: MarkdownPage;
    try {
      const xml = readXml(zip.read(entry));
      if (xml.trim() === '' || holdsControls(xml)) {
        unreadable.push(href);
        continue;
      }
      page = htmlToMarkdown(xml, 'xhtml', { stylesheet: (href) => stylesheets.text(entry, href) });
    } catch (error) {
      if (error instanceof AppError && error.code === 'DOC_BOMB') throw error;
      unreadable.push(href);
      continue;
    }
    const { title, markdown } = page;
    if (markdown.trim() === '') continue; // such as a cover
    pages.push({ ...page, markdown: '' }); // the builder keeps the text
    const names = chapters.get(entry) ?? [];
    const label =
      names[0] ?? markdownSections(markdown).find(({ heading }) => heading)?.heading ?? (title || `Part ${i + 1}`);
    // A file with several chapters is cut at its headings.
    if (names.length > 1) builder.addSections(label, `${markdown}\n\n`);
    else builder.addPage(label, markdown);
  }
  if (!builder.hasText && unreadable.length > 0) {
    throw new AppError('DOC_FORMAT', `${source.name} is a damaged EPUB file: no chapter can be read. Get it again.`);
  }
  addChapterNote(notes, 'missing-chapters', missing, 'named in the reading order is not in the file');
  addChapterNote(notes, 'parts-not-read', book.unlisted, 'is in the file but not in its reading order, and not read');
  addChapterNote(notes, 'chapters-unreadable', unreadable, 'of the book is damaged and could not be read');
  addPageNotes(notes, pages);
  return builder.finish(book.title || source.stem, 'epub', notes);
}

/** Whether the text has many characters that XML does not allow: it is not a chapter then. */
function holdsControls(xml: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return (xml.match(/[\0-\x08\x0e-\x1f\ufffd]/g)?.length ?? 0) > 0.02 * xml.length;
}

/** The book's style sheets, each read once; a damaged one is ignored. */
class Stylesheets {
  readonly #zip: GuardedZip;
  readonly #files: ZipNames;
  readonly #texts = new Map<string, string>();

  constructor(zip: GuardedZip, files: ZipNames) {
    this.#zip = zip;
    this.#files = files;
  }

  text(from: string, href: string): string {
    const entry = this.#files.find(from, href);
    if (entry === undefined) return '';
    const known = this.#texts.get(entry);
    if (known !== undefined) return known;
    let text = '';
    try {
      text = decodePart(this.#zip.read(entry));
    } catch {
      // without it no text is hidden
    }
    this.#texts.set(entry, text);
    return text;
  }
}

function addChapterNote(notes: ImportNotes, kind: NoteKind, names: readonly string[], what: string): void {
  if (names.length === 0) return;
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
  const sentence =
    names.length === 1
      ? `1 chapter ${what}: ${shown}.`
      : `${plural(names.length, 'chapter')} ${what.replace(/\bis\b/, 'are')}: ${shown}.`;
  notes.add({ kind, count: names.length, names: [...names], sentence });
}

function readPackage(zip: GuardedZip, files: ZipNames, name: string): Package {
  const broken = (why: string): AppError =>
    new AppError('DOC_FORMAT', `${name} is a damaged EPUB file: ${why}. Get it again.`);
  const containerEntry = files.find('', 'META-INF/container.xml');
  if (containerEntry === undefined) throw broken('its container is missing');
  const container = load(readXml(zip.read(containerEntry)), { xml: true });
  const opfEntry = files.find('', container('rootfile').first().attr('full-path') ?? '');
  if (opfEntry === undefined) throw broken('its list of chapters is missing');
  const $ = load(readXml(zip.read(opfEntry)), { xml: true });
  const named = (name: string) => (_: number, e: HtmlElement) => e.tagName.replace(/^.*:/, '') === name;
  const all = $.root().find('*');
  const items = new Map<string, Chapter & { properties: string; type: string }>();
  for (const item of all.filter(named('item')).get()) {
    const { id, href, properties = '', 'media-type': type = '' } = item.attribs;
    if (id && href)
      items.set(id, {
        href,
        entry: files.find(opfEntry, href),
        isPicture: /^image\/(?!svg)/.test(type),
        properties,
        type,
      });
  }
  const spine = new Map<string, Chapter>(); // each file once
  for (const itemref of all.filter(named('itemref')).get()) {
    const item = items.get(itemref.attribs.idref ?? '');
    if (item) spine.set(item.entry ?? item.href, item);
    else if (itemref.attribs.idref) {
      const href = itemref.attribs.idref;
      spine.set(href, { href, entry: undefined, isPicture: false }); // the list of files does not have it
    }
  }
  if (spine.size === 0) throw broken('its reading order is empty');
  const nav = [...items.values()].find(({ properties }) => properties.split(/\s+/).includes('nav'))?.entry;
  const ncx = items.get(all.filter(named('spine')).attr('toc') ?? '')?.entry;
  const unlisted = [...items.values()].filter(
    ({ entry, type }) => type === 'application/xhtml+xml' && entry && entry !== nav && !spine.has(entry),
  );
  return {
    unlisted: unlisted.map(({ href }) => href),
    title: all.filter(named('title')).first().text().trim(),
    spine: [...spine.values()],
    contents: nav ? { entry: nav, kind: 'nav' } : ncx ? { entry: ncx, kind: 'ncx' } : undefined,
  };
}

/** For each entry the titles of the chapters that begin in it, in order. */
function chapterTitles(zip: GuardedZip, files: ZipNames, { contents }: Package): Map<string, string[]> {
  const titles = new Map<string, string[]>();
  if (!contents) return titles;
  const add = (href: string | undefined, title: string): void => {
    const entry = href === undefined ? undefined : files.find(contents.entry, href);
    const name = title.replace(/\s+/g, ' ').trim();
    if (entry === undefined || name === '') return;
    const known = titles.get(entry);
    if (known) known.push(name);
    else titles.set(entry, [name]);
  };
  try {
    const $ = load(readXml(zip.read(contents.entry)), { xml: true });
    if (contents.kind === 'nav') {
      const nav = $('nav').filter((_, e) => (e.attribs['epub:type'] ?? '').includes('toc'));
      for (const a of (nav.length > 0 ? nav : $('nav')).first().find('a').get()) add(a.attribs.href, $(a).text());
    } else {
      for (const point of $('navPoint').get())
        add($(point).children('content').attr('src'), $(point).children('navLabel').text());
    }
  } catch {
    titles.clear(); // then chapters are named by their headings
  }
  return titles;
}

function isProtected(zip: GuardedZip, files: ZipNames, spine: readonly Chapter[]): boolean {
  const entry = files.find('', 'META-INF/encryption.xml');
  if (entry === undefined) return false;
  const $ = load(readXml(zip.read(entry)), { xml: true });
  const chapters = new Set(spine.map((chapter) => chapter.entry));
  return $.root()
    .find('*')
    .filter((_, e) => /(^|:)EncryptedData$/.test(e.tagName))
    .get()
    .some((data) => {
      const part = (suffix: RegExp) =>
        $(data)
          .find('*')
          .filter((_, e) => suffix.test(e.tagName))
          .first();
      const algorithm = part(/(^|:)EncryptionMethod$/).attr('Algorithm') ?? '';
      const uri = part(/(^|:)CipherReference$/).attr('URI') ?? '';
      return !fontObfuscation.test(algorithm) && chapters.has(files.find('', uri));
    });
}
