/** AppError over oRPC and back: the code travels as the RPC error's code, the sentence as its message. */
import { ORPCError } from '@orpc/client';
import { AppError, isErrorCode, toAppError } from '../contract/errors.ts';

export function toRpcError(error: unknown): ORPCError<string, unknown> {
  if (error instanceof ORPCError) return error;
  const { code, message } = toAppError(error);
  return new ORPCError(code, { message, status: 500 });
}

interface Issue {
  message?: unknown;
  path?: unknown;
}

/** The host's schema refused a request: name the fields. */
function invalidArgument(error: ORPCError<string, unknown>): AppError {
  const issues = (error.data as { issues?: Issue[] } | undefined)?.issues ?? [];
  const fields = issues.map((issue) => {
    const path = Array.isArray(issue.path) ? issue.path.join('.') : '';
    return `${path || 'request'}: ${String(issue.message)}`;
  });
  return new AppError('INVALID_ARGUMENT', fields.length > 0 ? fields.join('; ') : error.message);
}

export function fromRpcError(error: unknown): AppError {
  if (error instanceof ORPCError) {
    if (isErrorCode(error.code)) return new AppError(error.code, error.message);
    if (error.code === 'BAD_REQUEST') return invalidArgument(error);
    return new AppError('INTERNAL', `The engine answered ${error.code}: ${error.message}`);
  }
  if (error instanceof Error && error.name === 'AbortError') return new AppError('CANCELLED', 'Stopped.');
  return toAppError(error);
}
