/**
 * Converts AppError to an oRPC error and back: the code becomes the RPC error's code, the sentence its message, the parameters its data.
 */
import { ORPCError } from '@orpc/client';
import { os } from '@orpc/server';
import { z } from 'zod';
import { memoryShortageSchema } from '../contract/engine-reports.ts';
import {
  AppError,
  advices,
  type ErrorCode,
  type ErrorParameters,
  isErrorCode,
  toAppError,
} from '../contract/errors.ts';

interface RpcFailure extends ErrorParameters {
  code: ErrorCode;
  message: string;
}

function toRpcError(error: unknown, toFailure: (error: unknown) => RpcFailure): ORPCError<string, unknown> {
  if (error instanceof ORPCError) return error;
  const { code, message, shortage, advice } = toFailure(error);
  return new ORPCError(code, { message, status: 500, data: { shortage, advice } });
}

/**
 * Middleware for a whole router: every failure leaves it as a code and a sentence, also one that ends a stream long after its handler
 * returned.
 */
export function rpcErrors(toFailure: (error: unknown) => RpcFailure = toAppError) {
  async function* sent<T>(events: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    try {
      yield* events;
    } catch (error) {
      throw toRpcError(error, toFailure);
    }
  }
  return os.middleware(async ({ next }) => {
    try {
      const result = await next();
      return isEvents(result.output) ? { ...result, output: sent(result.output) } : result;
    } catch (error) {
      throw toRpcError(error, toFailure);
    }
  });
}

function isEvents(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

interface Issue {
  message?: unknown;
  path?: unknown;
}

/** The host's schema refused a request: the error names the fields. */
function invalidArgument(error: ORPCError<string, unknown>): AppError {
  const issues = (error.data as { issues?: Issue[] } | undefined)?.issues ?? [];
  const fields = issues.map((issue) => {
    const path = Array.isArray(issue.path) ? issue.path.join('.') : '';
    return `${path || 'request'}: ${String(issue.message)}`;
  });
  return new AppError('INVALID_ARGUMENT', fields.length > 0 ? fields.join('; ') : error.message);
}

const parametersSchema = z.object({
  shortage: memoryShortageSchema.optional().catch(undefined),
  advice: z.enum(advices).optional().catch(undefined),
});

/** Parameters from another process are used only if they match the schema. */
export function parametersOf(data: unknown): ErrorParameters {
  return parametersSchema.safeParse(data).data ?? {};
}

/** `name`: the name of the host that answered, as a sentence begins with it. */
export function fromRpcError(error: unknown, name: string): AppError {
  if (error instanceof ORPCError) {
    if (isErrorCode(error.code)) return new AppError(error.code, error.message, parametersOf(error.data));
    if (error.code === 'BAD_REQUEST') return invalidArgument(error);
    return new AppError('INTERNAL', `${name} answered ${error.code}: ${error.message}`);
  }
  if (error instanceof Error && error.name === 'AbortError') return new AppError('CANCELLED', 'Stopped.');
  return toAppError(error);
}
