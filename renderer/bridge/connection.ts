/**
 * The contract over a WebSocket: the token is the first frame, then oRPC speaks. A lost connection is made again, with pauses
 * that grow to five seconds; calls made meanwhile fail with a sentence, and the stores start their streams anew.
 */
import { createORPCClient, ORPCError } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { AppClient, CallFailure } from '../stores/api.ts';

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused';

export interface ConnectionEvents {
  onState: (state: ConnectionState) => void;
  onClient: (client: AppClient) => void;
}

const unauthorised = 4401;
const longestPauseMs = 5000;

export function connect(token: string, { onState, onClient }: ConnectionEvents): void {
  let pauseMs = 250;
  const open = () => {
    const socket = new WebSocket(`${window.location.origin.replace(/^http/, 'ws')}/rpc`);
    socket.addEventListener('open', () => socket.send(token), { once: true });
    socket.addEventListener(
      'message',
      () => {
        pauseMs = 250;
        onClient(createORPCClient(new RPCLink({ websocket: socket })));
        onState('open');
      },
      { once: true },
    );
    socket.addEventListener('close', ({ code }) => {
      if (code === unauthorised) return onState('refused');
      onState('lost');
      window.setTimeout(open, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    });
  };
  onState('connecting');
  open();
}

/** Any failure of a call as code and sentence, and what the server knows of memory that lacked. */
export function callFailure(error: unknown): CallFailure {
  if (error instanceof ORPCError) {
    if (error.code === 'BAD_REQUEST')
      return { code: 'INVALID_ARGUMENT', message: 'The server did not accept these values.' };
    const { shortage } = (error.data ?? {}) as Pick<CallFailure, 'shortage'>;
    return { code: error.code, message: error.message, ...(shortage && { shortage }) };
  }
  return { code: 'CLOSED', message: 'The connection to RocketDoc was lost.' };
}

/** Sends a file's bytes; resolves with the id that library.addUpload wants. Electron needs no token: main sees who asks. */
export async function uploadFile(file: File, token?: string): Promise<string> {
  const response = await fetch(`/upload?name=${encodeURIComponent(file.name)}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/octet-stream',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: file,
  });
  const answer = (await response.json().catch(() => ({}))) as { uploadId?: string } & Partial<CallFailure>;
  if (!response.ok || answer.uploadId === undefined) {
    throw new ORPCError(answer.code ?? 'IO', { message: answer.message ?? 'The file could not be sent.' });
  }
  return answer.uploadId;
}
