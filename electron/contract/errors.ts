/**
 * The closed list of error codes, the same as native/error_codes.def (a test compares the two). Code decides by codes; messages are
 * sentences for people: what happened, the numbers, what to do.
 */
import type { MemoryShortage } from './engine-reports.ts';

export const errorCodes = [
  'CANCELLED',
  'INVALID_ARGUMENT',
  'BUSY',
  'CLOSED',
  'IO',
  'INTERNAL',
  'NATIVE_MISSING',
  'MODEL_MISSING',
  'MODEL_FORMAT',
  'MODEL_TRUNCATED',
  'MODEL_UNSUPPORTED',
  'MODEL_CHECKSUM',
  'TEMPLATE',
  'CTX_OVERFLOW',
  'HOST_OOM',
  'GPU_OOM',
  'GPU_FAULT',
  'GPU_NONE',
  'GPU_UNSUPPORTED',
  'ENGINE_CRASH',
  'ENGINE_HUNG',
  'KV_CORRUPT',
  'KV_MISMATCH',
  'DOC_MISSING',
  'DOC_EMPTY',
  'DOC_FORMAT',
  'DOC_ENCRYPTED', // a password opens it
  'DOC_PROTECTED', // nothing opens it here
  'DOC_NO_TEXT',
  'DOC_TOO_LARGE',
  'DOC_TIMEOUT',
  'DOC_BOMB',
  'DISK_FULL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * What a person can do about an error where the way differs between a command line, a window and a package. The error's sentence leaves it
 * out; each place puts it in its own words, once (cli/advice-words.ts, app-host/window-words.ts).
 */
export const advices = [
  'choose-model-with-longer-context',
  'recognise-text',
  'use-cpu',
  'choose-other-device',
  'keep-more',
  'install-packages',
  'build-native',
  'install-and-build',
  'rebuild-native',
  'build-lab',
] as const;

export type Advice = (typeof advices)[number];

/** Parameters of an error, in addition to its code and its sentence. */
export interface ErrorParameters {
  /** Set for HOST_OOM and GPU_OOM where the numbers are known. */
  shortage?: MemoryShortage | undefined;
  advice?: Advice | undefined;
}

/** The only error type that crosses rooms and processes. Code tells errors apart by `code`, not by `name`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly shortage: MemoryShortage | undefined;
  readonly advice: Advice | undefined;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions & ErrorParameters) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
    this.shortage = options?.shortage;
    this.advice = options?.advice;
  }
}

/** What a window is told of an unforeseen error, whose own message may name paths or worse and stays in the log. */
export const unforeseenSentence = 'Something failed inside. The log says what: About RocketDoc shows it.';

export function isErrorCode(value: unknown): value is ErrorCode {
  return (errorCodes as readonly unknown[]).includes(value);
}

/**
 * Converts any thrown value to an AppError: native errors and errors from another process have `code`, `shortage` and `advice` as
 * properties.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error) {
    const { code, shortage, advice } = error as { code?: unknown } & ErrorParameters;
    return new AppError(isErrorCode(code) ? code : 'INTERNAL', error.message, {
      cause: error,
      shortage,
      advice: advice ?? (code === 'GPU_UNSUPPORTED' ? 'use-cpu' : undefined),
    });
  }
  return new AppError('INTERNAL', String(error));
}

/** Why a GPU cannot compute a model; undefined: the error is another one. */
export function notOnGpu(thrown: unknown): string | undefined {
  const { code, message } = toAppError(thrown);
  return code === 'GPU_UNSUPPORTED' ? message : undefined;
}
