/**
 * Makes a file a document of the library: it is parsed by the document host, counted with the model's vocabulary, and stored. The file is
 * kept and may be read anew, with other choices or by a newer reader. A changed text is another document, which replaces the old one unless
 * questions were asked about that.
 */
import type { AddEvent, LibraryDocument } from '../../contract/app-types.ts';
import {
  completedChoice,
  defaultParseChoice,
  type ParseChoice,
  type ParsedDocument,
  type PartialParseChoice,
} from '../../contract/documents.ts';
import { AppError, type ErrorCode } from '../../contract/errors.ts';
import { parseDocument } from '../../document-host/document-client.ts';
import type { DocumentText } from '../library/document-store.ts';
import { logIfUnforeseen } from '../log.ts';
import type { TokenCounts } from '../models/token-counter.ts';
import { fileIn } from './document-texts.ts';
import type { DocumentsNeeds } from './needs.ts';
import { removeDocument } from './remove-document.ts';
import { storeDocument } from './store-document.ts';
import type { IncomingFile } from './uploads.ts';

/** Absent parts of the choice come from the settings, and for reading anew also from the document's last reading. */
export interface ReadOptions {
  password?: string | undefined;
  choice?: PartialParseChoice | undefined;
  signal?: AbortSignal | undefined;
}

type Adding = AsyncGenerator<AddEvent, void, void>;

/** Errors after which another try with a password or with recognition may succeed: the upload stays for it and is not sent again. */
const worthAnotherTry: ReadonlySet<ErrorCode> = new Set(['DOC_ENCRYPTED', 'DOC_NO_TEXT']);

export async function* addUpload(rooms: DocumentsNeeds, id: string, options: ReadOptions): Adding {
  yield* add(rooms, rooms.uploads.get(id), options, (error) => worthAnotherTry.has(error.code));
}

export async function* addGranted(rooms: DocumentsNeeds, id: string, options: ReadOptions): Adding {
  yield* add(rooms, await rooms.uploads.copy(rooms.grants.pathOf(id)), options, () => false);
}

async function* add(
  rooms: DocumentsNeeds,
  file: IncomingFile,
  options: ReadOptions,
  keepFor: (error: AppError) => boolean,
): Adding {
  const release = await rooms.uploads.enter(file.sha256);
  try {
    const known = rooms.documents.findByFile(file.sha256);
    if (known) yield* addAgain(rooms, known, file, options);
    else yield* addNew(rooms, file, options);
  } catch (thrown) {
    if (thrown instanceof AppError && keepFor(thrown)) rooms.uploads.keepForRetry(file);
    else await rooms.uploads.discard(file);
    throw thrown;
  } finally {
    release();
  }
}

async function* addNew(rooms: DocumentsNeeds, file: IncomingFile, { choice, ...options }: ReadOptions): Adding {
  const completed = completedChoice(chosenInSettings(rooms), choice);
  const parsed = yield* parsing(rooms, file.path, file.name, { ...options, choice: completed });
  yield { type: 'counting' };
  const tokens = await countIfPossible(rooms, parsed);
  const { name: fileName, bytes: fileBytes, sha256 } = file;
  const reading = effectiveReading(parsed, completed);
  const document = await storeDocument(rooms, { parsed, fileName, fileBytes, sha256, tokens, reading }, file);
  yield { type: 'done', document, outcome: 'added' };
}

/**
 * Adds a file that the library has: the document stays, unless a newer reader may get more from the file, or another reading is asked for.
 */
async function* addAgain(
  rooms: DocumentsNeeds,
  known: LibraryDocument,
  file: IncomingFile,
  options: ReadOptions,
): Adding {
  const isWhole = (await fileIn(rooms.uploads.documentDir(known.id))) !== undefined;
  if (isWhole) await rooms.uploads.discard(file);
  else await rooms.uploads.keep(file, known.id);
  const lostPages = known.notes.some(({ kind }) => kind === 'lost-pages');
  if (known.isOfOlderReader || lostPages || options.choice) yield* readAnew(rooms, known.id, options);
  else yield { type: 'done', document: known, outcome: 'known' };
}

export async function* readAnew(
  rooms: DocumentsNeeds,
  documentId: string,
  { choice, ...options }: ReadOptions,
): Adding {
  const old = rooms.documents.get(documentId);
  if (old.joined > 0)
    throw new AppError('INVALID_ARGUMENT', `${old.name} was joined from others. Read those anew, and join them again.`);
  const path = await fileIn(rooms.uploads.documentDir(documentId));
  if (path === undefined)
    throw new AppError('DOC_MISSING', `The file of ${old.name} is not in the library's folder. Add it again.`);
  const { recognise, languages } = chosenInSettings(rooms);
  const usual = { ...old.reading, languages, ...(old.reading.recognise === 'never' ? { recognise } : {}) };
  const completed = completedChoice(usual, choice);
  const parsed = yield* parsing(rooms, path, old.fileName, { ...options, choice: completed });
  const reading = effectiveReading(parsed, completed);
  if (isSameText(rooms.documents.text(documentId, null), parsed)) {
    const document = rooms.documents.noteReading(documentId, parsed, reading);
    yield { type: 'done', document, outcome: 'same-text' };
    return;
  }
  const known = rooms.documents.findText(rooms.documents.fileHash(documentId), parsed.text);
  if (known?.id === documentId) rooms.documents.clearHash(documentId);
  else if (known) {
    yield { type: 'done', document: known, outcome: 'known' };
    return;
  }
  yield { type: 'counting' };
  const tokens = await countIfPossible(rooms, parsed);
  yield await replaceText(rooms, old, path, { parsed, tokens, reading });
}

interface NewText {
  parsed: ParsedDocument;
  tokens: TokenCounts | undefined;
  reading: ParseChoice;
}

/**
 * Chats and their citations belong to the text that was asked about: if there are any, the old text stays, and the new one is added beside
 * it.
 */
async function replaceText(
  rooms: DocumentsNeeds,
  old: LibraryDocument,
  path: string,
  text: NewText,
): Promise<AddEvent> {
  const file = await rooms.uploads.copy(path);
  const outcome = rooms.documents.isAskedAbout(old.id) ? 'beside' : 'replaced';
  const name = outcome === 'beside' ? `${old.name.slice(0, 180)} (${wordFor(text.reading)})` : old.name;
  const { fileName, fileBytes } = old;
  const { id } = await storeDocument(rooms, { ...text, fileName, fileBytes, sha256: file.sha256, name }, file);
  rooms.documents.setChoice(id, rooms.documents.choice(old.id));
  if (outcome === 'replaced') await removeDocument(rooms, old.id);
  return { type: 'done', document: rooms.documents.get(id), outcome };
}

const wordFor = ({ recognise, wholePage }: ParseChoice) =>
  recognise !== 'never' ? 'recognised' : wholePage ? 'whole page' : 'read anew';

function chosenInSettings(rooms: DocumentsNeeds): ParseChoice {
  const { recognise, languages } = rooms.settings.get();
  return { ...defaultParseChoice, recognise: recognise === 'always' ? 'pages-without-text' : 'never', languages };
}

/** Keeps of a choice only what had an effect, so that a file is not read anew for a choice that does not concern it. */
function effectiveReading(
  { pages, format }: ParsedDocument,
  { recognise, languages, wholePage }: ParseChoice,
): ParseChoice {
  const isRecognised = pages.some(({ recognised }) => recognised !== undefined);
  return {
    recognise: isRecognised ? recognise : 'never',
    languages: isRecognised ? languages : defaultParseChoice.languages,
    wholePage: wholePage && format === 'html',
  };
}

function isSameText(old: DocumentText, { text, pages }: ParsedDocument): boolean {
  const isSamePage = (page: DocumentText['pages'][number], i: number) =>
    page.label === pages[i]?.label && page.start === pages[i]?.start && page.end === pages[i]?.end;
  return old.text === text && old.pages.length === pages.length && old.pages.every(isSamePage);
}

/** Turns parseDocument's callback into a stream; of several reports between two reads only the last is given. */
async function* parsing(
  rooms: DocumentsNeeds,
  path: string,
  name: string,
  { password, choice, signal }: ReadOptions,
): AsyncGenerator<AddEvent, ParsedDocument, void> {
  let latest: AddEvent | undefined;
  let wake = () => {};
  const parsed = parseDocument(path, {
    password,
    choice,
    signal,
    startHost: rooms.startDocumentHost,
    languageFolder: rooms.languages.folder,
    onProgress(progress) {
      latest = { type: 'parsing', ...progress };
      wake();
    },
  });
  const over = parsed.then(
    () => true,
    () => true,
  );
  for (;;) {
    const woken = new Promise<false>((resolve) => {
      wake = () => resolve(false);
    });
    const ended = await Promise.race([over, woken]);
    if (latest) yield latest;
    latest = undefined;
    if (!ended) continue;
    const document = await parsed;
    if (document.text.trim() === '') throw new AppError('DOC_EMPTY', `${name} has no text in it.`);
    return document;
  }
}

/** A missing model is reported by the engine's state; the document is added without a count. */
export async function countIfPossible(
  rooms: DocumentsNeeds,
  parsed: Parameters<DocumentsNeeds['counter']['count']>[0],
): Promise<TokenCounts | undefined> {
  try {
    return await rooms.counter.count(parsed);
  } catch (error) {
    logIfUnforeseen('Counting tokens', error);
    return undefined;
  }
}
