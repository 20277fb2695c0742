/** Recognises the kind of document that a zip archive is, by its parts and not by its name. */
import { AppError } from '../contract/errors.ts';
import { openDocumentFormat } from './sniff-format.ts';
import type { SourceFile } from './source-file.ts';
import { cannotRead } from './unreadable-kinds.ts';
import type { GuardedZip } from './zip-guard.ts';

export type ZipFormat = 'docx' | 'epub' | 'pptx' | 'xlsx' | 'odt' | 'odp' | 'ods';

export function zipFormat(zip: GuardedZip, { name, extension }: SourceFile): ZipFormat {
  if (zip.has('word/document.xml') || /^do[ct][xm]$/.test(extension)) return 'docx';
  if (zip.has('ppt/presentation.xml')) return 'pptx';
  if (zip.has('xl/workbook.xml')) return 'xlsx';
  // A binary workbook has no XML.
  if (zip.has('xl/workbook.bin')) throw cannotRead(name, 'a binary workbook (.xlsb)', 'Save it as XLSX in Excel.');
  const mediaType = zip.has('mimetype') ? Buffer.from(zip.read('mimetype')).toString('latin1') : '';
  const openDocument =
    openDocumentFormat(mediaType) ??
    (mediaType === '' && zip.has('content.xml') ? openDocumentNamed(extension) : undefined);
  if (openDocument) return openDocument;
  if (zip.has('META-INF/container.xml')) return 'epub';
  throw otherArchive(zip, name, extension);
}

/** For an archive without the part that names its kind, which LibreOffice opens too. */
function openDocumentNamed(extension: string): 'odt' | 'odp' | 'ods' {
  return extension === 'odp' ? 'odp' : extension === 'ods' ? 'ods' : 'odt';
}

function otherArchive(zip: GuardedZip, name: string, extension: string): AppError {
  const iWork = zip.names.some((part) => /(^|\/)(Index\.zip|index\.(xml|apxl)(\.gz)?|Document\.iwa)$/.test(part));
  if (iWork || /^(pages|numbers|key)$/.test(extension)) {
    return cannotRead(name, 'a document of Pages, Numbers or Keynote', 'Export it there as DOCX, XLSX, PPTX or PDF.');
  }
  if (zip.names.some((part) => /\.(fdseq|fpage)$/i.test(part))) {
    return cannotRead(name, 'an XPS document', 'Print it to PDF and open that.');
  }
  if (zip.has('content.xml')) return cannotRead(name, 'an OpenDocument drawing or formula', 'Save it as PDF.');
  if (/^(docx|xlsx|pptx|odt|ods|odp|epub)$/.test(extension)) {
    return new AppError(
      'DOC_FORMAT',
      `${name} is damaged: the part that holds its text is missing. Get it again or save it anew.`,
    );
  }
  return new AppError('DOC_FORMAT', `${name} is an archive, not a document. Unpack it and open the files inside.`);
}
