/** AppError over oRPC and back: the code travels as the RPC error's code, the sentence as its message, a shortage as its data. */
import { ORPCError } from '@orpc/client';
import { z } from 'zod';
import { type MemoryShortage, memoryShortageSchema } from '../contract/engine-reports.ts';
import { AppError, isErrorCode, toAppError } from '../contract/errors.ts';

export function toRpcError(error: unknown): ORPCError<string, unknown> {
  if (error instanceof ORPCError) return error;
  const { code, message, shortage } = toAppError(error);
  return new ORPCError(code, { message, status: 500, data: { shortage } });
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

/** What came from another process is believed when it has the right shape. */
export function shortageOf(data: unknown): MemoryShortage | undefined {
  return z.object({ shortage: memoryShortageSchema }).safeParse(data).data?.shortage;
}

export function fromRpcError(error: unknown): AppError {
  if (error instanceof ORPCError) {
    if (isErrorCode(error.code)) return new AppError(error.code, error.message, { shortage: shortageOf(error.data) });
    if (error.code === 'BAD_REQUEST') return invalidArgument(error);
    return new AppError('INTERNAL', `The engine answered ${error.code}: ${error.message}`);
  }
  if (error instanceof Error && error.name === 'AbortError') return new AppError('CANCELLED', 'Stopped.');
  return toAppError(error);
}
