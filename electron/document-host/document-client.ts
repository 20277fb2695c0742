/**
 * The parent's side of the document host. Each file has a child process of its own, so that a file that harms its parser cannot affect the
 * next one. A file that hangs, crashes or takes too much memory becomes an AppError with a sentence.
 */
import { basename } from 'node:path';
import {
  completedChoice,
  type DocumentLimits,
  defaultDocumentLimits,
  defaultParseChoice,
  hostMessageSchema,
  type ParsedDocument,
  type ParseStep,
  type PartialParseChoice,
  pagesCover,
} from '../contract/documents.ts';
import { AppError, isErrorCode } from '../contract/errors.ts';
import { bytesText, plural } from '../contract/number-words.ts';
import type { HostExit, HostProcess } from '../hosts/host-process.ts';
import { joinDocuments } from './join-documents.ts';
import { memoryMark } from './memory-watch.ts';
import { forkDocumentHost, type StartHost } from './start-document-host.ts';
import { oneLine } from './wording.ts';

export { joinDocuments } from './join-documents.ts';
export type { StartHost } from './start-document-host.ts';

export interface ParseProgress {
  step: ParseStep;
  done: number;
  total: number;
}

export interface ParseDocumentOptions {
  password?: string | undefined;
  /** Absent parts are those of `defaultParseChoice`. */
  choice?: PartialParseChoice | undefined;
  /** The folder of the person's own data for text recognition. */
  languageFolder?: string | undefined;
  /** Called with the pages, chapters or steps done so far and in all; then with those of the text recognition. */
  onProgress?: ((progress: ParseProgress) => void) | undefined;
  /** Aborting kills the child and rejects with CANCELLED. */
  signal?: AbortSignal | undefined;
  limits?: Partial<DocumentLimits> | undefined;
  /** How to start the child; default: fork. */
  startHost?: StartHost | undefined;
}

export interface ParseDocumentsOptions extends Omit<ParseDocumentOptions, 'onProgress' | 'password'> {
  /** The password of each file, by its path. */
  passwords?: ReadonlyMap<string, string> | undefined;
  onProgress?: ((progress: ParseProgress & { path: string }) => void) | undefined;
}

/** Parses several files into one document, in the given order. If one file fails, all fail. */
export async function parseDocuments(
  paths: readonly string[],
  options: ParseDocumentsOptions = {},
): Promise<ParsedDocument> {
  if (paths.length === 0) throw new AppError('INVALID_ARGUMENT', 'No file was chosen.');
  const { passwords, onProgress, ...rest } = options;
  const documents: ParsedDocument[] = [];
  for (const path of paths) {
    documents.push(
      await parseDocument(path, {
        ...rest,
        password: passwords?.get(path),
        onProgress: (progress) => onProgress?.({ path, ...progress }),
      }),
    );
  }
  return joinDocuments(documents);
}

export function parseDocument(path: string, options: ParseDocumentOptions = {}): Promise<ParsedDocument> {
  const { signal, onProgress } = options;
  const limits: DocumentLimits = { ...defaultDocumentLimits, ...options.limits };
  const name = oneLine(basename(path)) || 'The file';
  if (signal?.aborted) return Promise.reject(cancelled(name));
  return new Promise((resolve, reject) => {
    const host = (options.startHost ?? forkDocumentHost)({ maxHeapBytes: limits.maxHeapBytes });
    const startedAt = performance.now();
    let timer: NodeJS.Timeout;
    const pagesOf: Record<ParseStep, number> = { reading: 0, recognising: 0 };

    /** The only way to end: the child is killed in every case. */
    const settle = (outcome: ParsedDocument | AppError): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      host.kill();
      if (outcome instanceof AppError) reject(outcome);
      else resolve(outcome);
    };
    const onAbort = (): void => settle(cancelled(name));
    const allowTime = (): void => {
      clearTimeout(timer);
      const { reading, recognising } = pagesOf;
      const totalMs = limits.baseMs + limits.perPageMs * reading + limits.perRecognisedPageMs * recognising;
      const leftMs = Math.min(totalMs - (performance.now() - startedAt), longestTimerMs);
      timer = setTimeout(() => settle(timedOut(name, totalMs, reading)), leftMs);
    };

    signal?.addEventListener('abort', onAbort, { once: true });
    allowTime();
    receive(host, name, limits, {
      progress: (progress) => {
        // The page count is what the document claims, limited to maxPages as in the child.
        const pages = Math.min(progress.total, limits.maxPages);
        if (pages !== pagesOf[progress.step]) {
          pagesOf[progress.step] = pages;
          allowTime();
        }
        onProgress?.(progress);
      },
      settle,
    });
    host.post({
      type: 'parse',
      path,
      ...(options.password === undefined ? {} : { password: options.password }),
      choice: completedChoice(defaultParseChoice, options.choice),
      ...(options.languageFolder === undefined ? {} : { languageFolder: options.languageFolder }),
      limits,
    });
  });
}

const longestTimerMs = 2 ** 31 - 1;

interface Receiver {
  progress(progress: ParseProgress): void;
  settle(outcome: ParsedDocument | AppError): void;
}

/** Puts the document together from the child's messages; settles at most once. */
function receive(host: HostProcess, name: string, limits: DocumentLimits, receiver: Receiver): void {
  const chunks: string[] = [];
  let textBytes = 0; // UTF-8
  let isReady = false;
  let settled = false;
  const settle = (outcome: ParsedDocument | AppError): void => {
    if (settled) return;
    settled = true;
    receiver.settle(outcome);
  };
  host.onExit((exit) => settle(isReady ? exitError(name, exit, limits) : notStarted(name, exit)));
  host.onMessage((raw) => {
    if (settled) return;
    const parsed = hostMessageSchema.safeParse(raw);
    if (!parsed.success) return settle(internal(name, 'sent something unexpected'));
    const message = parsed.data;
    switch (message.type) {
      case 'ready':
        isReady = true;
        return;
      case 'progress':
        return receiver.progress({ step: message.step, done: message.done, total: message.total });
      case 'text':
        textBytes += Buffer.byteLength(message.chunk);
        chunks.push(message.chunk);
        // The child refuses this itself with the same code; it is counted here too, because the child is not trusted.
        if (textBytes > limits.maxTextBytes + 4 * chunks.length) settle(tooMuchText(name, limits));
        return;
      case 'error':
        return settle(
          isErrorCode(message.code)
            ? new AppError(message.code, message.message, { advice: message.advice })
            : internal(name, message.message),
        );
      case 'result': {
        const { type: _type, ...fields } = message;
        const text = chunks.join('');
        return settle(
          pagesCover(text.length, fields.pages)
            ? { ...fields, text }
            : internal(name, 'sent pages that do not fit the text'),
        );
      }
    }
  });
}

const howItEnded = ({ code, signal, error }: HostExit) => error ?? signal ?? `exit code ${code ?? 'unknown'}`;
const withOutput = ({ output }: HostExit) => ({ cause: new Error(output.slice(-2000)) });

/** The child ended before it opened the file. */
function notStarted(name: string, exit: HostExit): AppError {
  return new AppError(
    'INTERNAL',
    `${name} was not opened: the document reader does not start here (${howItEnded(exit)}).`,
    { ...withOutput(exit), advice: 'install-packages' },
  );
}

function exitError(name: string, exit: HostExit, limits: DocumentLimits): AppError {
  if (exit.output.includes(memoryMark)) {
    return new AppError(
      'DOC_TOO_LARGE',
      `Reading ${name} took more than ${bytesText(limits.maxRssBytes)} of memory and was stopped. Split it into smaller files.`,
    );
  }
  if (/heap out of memory|Array buffer allocation failed/.test(exit.output)) {
    return new AppError(
      'DOC_TOO_LARGE',
      `Reading ${name} took more memory than allowed (${bytesText(limits.maxHeapBytes)}) and was stopped. Split it into smaller files.`,
    );
  }
  return new AppError(
    'DOC_FORMAT',
    `The reader stopped working on ${name} (${howItEnded(exit)}): the file is probably damaged. Save it anew and try again.`,
    withOutput(exit),
  );
}

function timedOut(name: string, limitMs: number, pages: number): AppError {
  const of = pages > 0 ? `${plural(pages, 'page')}` : 'a file like this';
  return new AppError(
    'DOC_TIMEOUT',
    `${name} could not be read in ${Math.round(limitMs / 100) / 10} s, the time allowed for ${of}. It may be damaged: save it anew, or split it.`,
  );
}

function cancelled(name: string): AppError {
  return new AppError('CANCELLED', `Opening ${name} was cancelled.`);
}

function tooMuchText(name: string, limits: DocumentLimits): AppError {
  return new AppError(
    'DOC_TOO_LARGE',
    `${name} holds more than ${bytesText(limits.maxTextBytes)} of text, the most that can be opened. Split it into smaller files.`,
  );
}

function internal(name: string, what: string): AppError {
  return new AppError('INTERNAL', `Reading ${name} failed: the document reader ${what}.`);
}
