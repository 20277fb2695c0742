/**
 * The contract over a WebSocket: the token is the first frame, all later ones are oRPC's. A lost connection is made again, with
 * pauses that grow to five seconds; calls made meanwhile fail with a sentence, and the stores start their streams anew.
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

/** How often an open connection is pinged, and how long the reply may take. */
export const pingTimes = { everyMs: 20_000, timeoutMs: 10_000 };

export function connect(token: string, { onState, onClient }: ConnectionEvents, times = pingTimes): void {
  let pauseMs = 250;
  const open = () => {
    const socket = new WebSocket(`${window.location.origin.replace(/^http/, 'ws')}/rpc`);
    let pinging: number | undefined;
    let isOver = false;
    const lost = () => {
      if (isOver) return;
      isOver = true;
      window.clearInterval(pinging);
      onState('lost');
      window.setTimeout(open, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
    socket.addEventListener('open', () => socket.send(token), { once: true });
    socket.addEventListener(
      'message',
      () => {
        pauseMs = 250;
        const client: AppClient = createORPCClient(new RPCLink({ websocket: socket }));
        pinging = window.setInterval(async () => {
          if (await isAnswered(client, times.timeoutMs)) return;
          // A socket whose other side vanished without closing takes minutes to close.
          lost();
          socket.close();
        }, times.everyMs);
        onClient(client);
        onState('open');
      },
      { once: true },
    );
    socket.addEventListener('close', ({ code }) => {
      if (code !== unauthorised) return lost();
      isOver = true;
      window.clearInterval(pinging);
      onState('refused');
    });
  };
  onState('connecting');
  open();
}

function isAnswered(client: AppClient, timeoutMs: number): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => window.setTimeout(() => resolve(false), timeoutMs));
  const answered = client.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([answered, late]);
}

/** Any failure of a call as a code and a sentence, with the server's numbers where memory was too small. */
export function callFailure(error: unknown): CallFailure {
  if (error instanceof ORPCError) {
    if (error.code === 'BAD_REQUEST')
      return { code: 'INVALID_ARGUMENT', message: 'The server did not accept these values.' };
    const { shortage } = (error.data ?? {}) as Pick<CallFailure, 'shortage'>;
    return { code: error.code, message: error.message, ...(shortage && { shortage }) };
  }
  return { code: 'CLOSED', message: 'The connection to RocketDoc was lost.' };
}

const bearer = (token: string | undefined) => (token === undefined ? {} : { Authorization: `Bearer ${token}` });

async function refusal(response: Response, sentence: string): Promise<ORPCError<string, unknown>> {
  const { code, message } = (await response.json().catch(() => ({}))) as Partial<CallFailure>;
  return new ORPCError(code ?? 'IO', { message: message ?? sentence });
}

/** Sends a file's bytes; resolves with the id that library.addUpload wants. Electron needs no token: main sees who asks. */
export async function uploadFile(file: File, token?: string): Promise<string> {
  const response = await fetch(`/upload?name=${encodeURIComponent(file.name)}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', ...bearer(token) },
    body: file,
  });
  if (!response.ok) throw await refusal(response, 'The file could not be sent.');
  return ((await response.json()) as { uploadId: string }).uploadId;
}

const mostBreaks = 3;

/** Loads a document's file as it was added. When the connection breaks on the way, only the missing bytes are asked for again. */
export async function downloadFile(documentId: string, token?: string): Promise<ArrayBuffer> {
  let bytes = new Uint8Array();
  let at = 0;
  for (let breaks = 0; ; breaks++) {
    try {
      const range = at > 0 ? { Range: `bytes=${at}-` } : undefined;
      const response = await fetch(`/file?document=${documentId}`, { headers: { ...bearer(token), ...range } });
      if (!response.ok || !response.body) throw await refusal(response, 'The file could not be loaded.');
      if (at === 0) bytes = new Uint8Array(Number(response.headers.get('content-length')));
      const reader = response.body.getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        bytes.set(piece.value, at);
        at += piece.value.length;
      }
      if (at === bytes.length) return bytes.buffer;
    } catch (error) {
      if (error instanceof ORPCError || breaks === mostBreaks) throw error;
    }
    if (breaks === mostBreaks) throw new ORPCError('IO', { message: 'The file did not arrive whole.' });
  }
}
