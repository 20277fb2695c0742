/** EPUB 2 and 3: the chapters of the OPF spine in reading order, named by the table of contents (nav, else NCX). */
import { posix } from 'node:path';
import { load } from 'cheerio';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import { markdownSections } from './markdown-sections.ts';
import { TextBuilder } from './text-builder.ts';
import { countText } from './wording.ts';
import { readXml } from './xml-guard.ts';
import type { GuardedZip } from './zip-guard.ts';

interface Package {
  title: string;
  spine: string[]; // entry names in reading order
  contents: { entry: string; kind: 'nav' | 'ncx' } | undefined;
}

/** Fonts may be obfuscated in a readable book; anything else encrypted is DRM. */
const fontObfuscation = /idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc/;

export function extractEpub({ source, limits, notes, onProgress }: ExtractContext, zip: GuardedZip): ParsedDocument {
  const book = readPackage(zip, source.name);
  if (isProtected(zip, book.spine)) {
    throw new AppError(
      'DOC_ENCRYPTED',
      `${source.name} is protected by its shop (DRM) and cannot be read outside its reader.`,
    );
  }
  const chapters = chapterTitles(zip, book);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  let missing = 0;
  for (const [i, entry] of book.spine.entries()) {
    onProgress(i, book.spine.length);
    if (!zip.has(entry)) missing++;
    if (!zip.has(entry) || entry === book.contents?.entry) continue; // the contents page is navigation, not text
    const { title, markdown } = htmlToMarkdown(readXml(zip.read(entry)), 'xhtml');
    if (markdown.trim() === '') continue; // a cover
    const names = chapters.get(entry) ?? [];
    const label =
      names[0] ?? markdownSections(markdown).find(({ heading }) => heading)?.heading ?? (title || `Part ${i + 1}`);
    // A file that holds several chapters is cut at its headings.
    if (names.length > 1) builder.addSections(label, `${markdown}\n\n`);
    else builder.addPage(label, markdown);
  }
  if (missing > 0) {
    const sentence = `${countText(missing, 'chapter')} named in the book's reading order could not be found in the file.`;
    notes.add({ kind: 'missing-chapters', count: missing, sentence });
  }
  return builder.finish(book.title || source.stem, 'epub', notes);
}

function readPackage(zip: GuardedZip, name: string): Package {
  const broken = (why: string): AppError =>
    new AppError('DOC_FORMAT', `${name} is a damaged EPUB file: ${why}. Get it again.`);
  if (!zip.has('META-INF/container.xml')) throw broken('its container is missing');
  const container = load(readXml(zip.read('META-INF/container.xml')), { xml: true });
  const opfEntry = container('rootfile').first().attr('full-path') ?? '';
  if (!zip.has(opfEntry)) throw broken('its list of chapters is missing');
  const $ = load(readXml(zip.read(opfEntry)), { xml: true });
  const items = new Map<string, { entry: string; properties: string }>();
  $('manifest > item').each((_, item) => {
    const { id, href, properties } = item.attribs;
    if (id && href) items.set(id, { entry: entryName(opfEntry, href), properties: properties ?? '' });
  });
  const spine: string[] = [];
  $('spine > itemref').each((_, itemref) => {
    const item = items.get(itemref.attribs.idref ?? '');
    if (item) spine.push(item.entry);
  });
  if (spine.length === 0) throw broken('its reading order is empty');
  const nav = [...items.values()].find(({ properties }) => properties.split(/\s+/).includes('nav'));
  const ncx = items.get($('spine').attr('toc') ?? '');
  return {
    title: $('metadata')
      .children()
      .filter((_, e) => /(^|:)title$/.test(e.tagName))
      .first()
      .text()
      .trim(),
    spine: [...new Set(spine)],
    contents: nav ? { entry: nav.entry, kind: 'nav' } : ncx ? { entry: ncx.entry, kind: 'ncx' } : undefined,
  };
}

/** Entry name to the titles of the chapters that begin in it, in order. */
function chapterTitles(zip: GuardedZip, { contents }: Package): Map<string, string[]> {
  const titles = new Map<string, string[]>();
  if (!contents || !zip.has(contents.entry)) return titles;
  const add = (href: string | undefined, title: string): void => {
    const entry = href === undefined ? '' : entryName(contents.entry, href);
    if (entry === '' || title.trim() === '') return;
    const known = titles.get(entry);
    if (known) known.push(title.trim());
    else titles.set(entry, [title.trim()]);
  };
  const $ = load(readXml(zip.read(contents.entry)), { xml: true });
  if (contents.kind === 'nav') {
    const nav = $('nav').filter((_, e) => (e.attribs['epub:type'] ?? '').includes('toc'));
    (nav.length > 0 ? nav : $('nav'))
      .first()
      .find('a')
      .each((_, a) => add(a.attribs.href, $(a).text()));
  } else {
    $('navPoint').each((_, point) =>
      add($(point).children('content').attr('src'), $(point).children('navLabel').text()),
    );
  }
  return titles;
}

/** A reference in `fromEntry` as an entry name. It is only looked up in the archive, so "../.." leads nowhere. */
function entryName(fromEntry: string, href: string): string {
  const path = href.replace(/#.*$/s, '');
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // "%" not followed by two digits: a name written unescaped
  }
  return posix.normalize(posix.join(posix.dirname(fromEntry), decoded));
}

function isProtected(zip: GuardedZip, spine: readonly string[]): boolean {
  if (!zip.has('META-INF/encryption.xml')) return false;
  const $ = load(readXml(zip.read('META-INF/encryption.xml')), { xml: true });
  const chapters = new Set(spine);
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
      return !fontObfuscation.test(algorithm) && chapters.has(entryName('', uri));
    });
}
