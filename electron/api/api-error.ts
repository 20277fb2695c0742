/** Failures in the form of OpenAI's API: a status, and an error with type, code and the field that is wrong. */

import { failureForWindow } from '../app-host/window-words.ts';
import type { ErrorCode } from '../contract/errors.ts';

export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  constructor(
    status: number,
    message: string,
    { code = null, param = null }: { code?: string | null; param?: string | null } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

/** HTTP status and OpenAI's code for our error codes; others become 500. */
const statusOf: Partial<Record<ErrorCode, [status: number, code: string]>> = {
  INVALID_ARGUMENT: [400, 'invalid_value'],
  CTX_OVERFLOW: [400, 'context_length_exceeded'],
  BUSY: [429, 'rate_limit_exceeded'],
  DOC_MISSING: [404, 'file_not_found'],
  DOC_EMPTY: [400, 'invalid_file'],
  DOC_FORMAT: [400, 'invalid_file'],
  DOC_ENCRYPTED: [400, 'invalid_file'],
  DOC_PROTECTED: [400, 'invalid_file'],
  DOC_NO_TEXT: [400, 'invalid_file'],
  DOC_TOO_LARGE: [413, 'file_too_large'],
  DOC_TIMEOUT: [400, 'invalid_file'],
  DOC_BOMB: [400, 'invalid_file'],
  HOST_OOM: [503, 'out_of_memory'],
  GPU_OOM: [503, 'out_of_memory'],
  MODEL_MISSING: [503, 'model_not_available'],
  ENGINE_CRASH: [503, 'engine_restarting'],
  ENGINE_HUNG: [503, 'engine_restarting'],
  DISK_FULL: [507, 'disk_full'],
};

export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { code, message } = failureForWindow(error);
  const [status, name] = statusOf[code] ?? [500, code.toLowerCase()];
  return new ApiError(status, message, { code: name });
}

const types: Record<number, string> = { 401: 'authentication_error', 403: 'permission_error', 429: 'rate_limit_error' };

export function errorBody({ status, message, code, param }: ApiError) {
  const type = types[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  return { error: { message, type, param, code } };
}
