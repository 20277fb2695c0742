/**
 * The HTTP server for the window: its files, the exchange of a launch code for a session token, uploads. Every request passes request-checks.ts
 * first; there are no routes besides those in the list below.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { documentFile } from '../app-host/documents/document-texts.ts';
import type { Uploads } from '../app-host/documents/uploads.ts';
import { logUnforeseen } from '../app-host/log.ts';
import { filePart } from '../app-host/window-api/file-range.ts';
import type { WindowApiNeeds } from '../app-host/window-api/needs.ts';
import { staticFile } from '../app-host/window-api/window-files.ts';
import { failureForWindow } from '../app-host/window-words.ts';
import { maxUploadBytes } from '../contract/app.ts';
import { idSchema } from '../contract/app-types.ts';
import { type AllowedHosts, refusal, setSecurityHeaders } from './request-checks.ts';
import { serveSocket } from './rpc-socket.ts';
import type { SessionTokens } from './session-tokens.ts';

export interface ServerOptions {
  app: WindowApiNeeds & { uploads: Pick<Uploads, 'receive'> };
  tokens: SessionTokens;
  /** The folder of the built window. */
  webRoot: string;
  /** A function, because the hosts are known only once the port is. */
  hosts: () => AllowedHosts;
  timeouts?: RequestTimeouts;
  /** How often each WebSocket is pinged. */
  pingMs?: number;
}

/**
 * How long a request may take to arrive, in milliseconds. An upload over a slow connection may take long, but is ended when no data arrives
 * for `idleMs`.
 */
interface RequestTimeouts {
  requestMs: number;
  uploadMs: number;
  idleMs: number;
}
const usualTimeouts: RequestTimeouts = { requestMs: 30_000, uploadMs: 60 * 60_000, idleMs: 30_000 };

/** `accepted`: to be called when the sender is signed in; its body may then take as long as an upload. */
type Handler = (request: IncomingMessage, response: ServerResponse, url: URL, accepted: () => void) => Promise<void>;

const maxSockets = 64;

export function createAppServer(options: ServerOptions): Server {
  const { app, tokens, webRoot, hosts, timeouts = usualTimeouts } = options;
  const routes: Record<string, { method: 'GET' | 'POST'; handle: Handler }> = {
    '/health': { method: 'GET', handle: async (_, response) => sendJson(response, 200, { ok: true }) },
    '/session': { method: 'POST', handle: (request, response) => openSession(request, response, tokens) },
    '/file': { method: 'GET', handle: (...asked) => sendFile(app, tokens, ...asked) },
    '/upload': { method: 'POST', handle: (...asked) => upload(app.uploads, tokens, ...asked) },
  };
  const server = createServer(
    // No limit for a whole request here: `within` below sets one for each route.
    { headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 5000, connectionsCheckingInterval: 2000 },
    (request, response) => {
      setSecurityHeaders(response);
      const deadline = within(request, timeouts.requestMs);
      const refused = refusal(request, hosts());
      if (refused) return sendText(response, refused.status, refused.message);
      const url = new URL(request.url ?? '/', 'http://local');
      const route = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
      const handle = route ? route.handle : files(webRoot);
      const accepted = () => deadline.mayTake(timeouts.uploadMs, timeouts.idleMs);
      if (request.method !== (route?.method ?? 'GET')) {
        // Allow is only sent for a path that exists.
        if (route) response.setHeader('Allow', route.method);
        return sendText(response, route || url.pathname === '/' ? 405 : 404, 'Not here.');
      }
      handle(request, response, url, accepted).catch((error) => {
        if (!response.destroyed && !request.destroyed) logUnforeseen(`A request for ${url.pathname}`, error); // else the client is gone
        if (!response.headersSent) sendText(response, 500, 'Something failed inside.');
        else response.destroy();
      });
    },
  );
  server.maxConnections = maxSockets;
  const closeSockets = serveSocket(server, app, tokens, hosts, options.pingMs);
  server.on('close', closeSockets);
  return server;
}

/** Ends a request that has not arrived completely in this time. */
function within(request: IncomingMessage, ms: number) {
  const { socket } = request; // kept here because the request drops its reference
  const cutOff = () => void (request.complete || request.destroy());
  let timer = setTimeout(cutOff, ms);
  request.once('close', () => clearTimeout(timer));
  return {
    mayTake(longerMs: number, idleMs: number) {
      clearTimeout(timer);
      timer = setTimeout(cutOff, longerMs);
      socket.setTimeout(idleMs, cutOff);
      request.once('end', () => socket.setTimeout(0));
    },
  };
}

function files(webRoot: string): Handler {
  return async (request, response) => {
    // The path as it was sent: URL resolves `..`, which would hide an attempt to leave the folder.
    const path = request.url?.split('?')[0] ?? '/';
    const file = await staticFile(webRoot, path);
    if (!file) return sendText(response, 404, 'Not here.');
    response.writeHead(200, file.headers);
    response.end(file.body);
  };
}

async function openSession(request: IncomingMessage, response: ServerResponse, tokens: SessionTokens): Promise<void> {
  if (request.headers['content-type'] !== 'application/json') return sendText(response, 415, 'JSON only.');
  const body = await readSmall(request, 4096);
  if (body === undefined) return sendText(response, 413, 'Too large.');
  const token = tokens.exchange(codeOf(body), request.headers['user-agent']);
  if (token === undefined) return sendText(response, 401, 'This link was used already.');
  sendJson(response, 200, { token });
}

function codeOf(body: string): string {
  try {
    const { code } = JSON.parse(body) as { code?: unknown };
    return typeof code === 'string' ? code : '';
  } catch {
    return '';
  }
}

async function upload(
  uploads: Pick<Uploads, 'receive'>,
  tokens: SessionTokens,
  ...[request, response, url, accepted]: Parameters<Handler>
) {
  if (tokens.accepts(bearerOf(request)) === undefined) return sendText(response, 401, 'The session token is missing.');
  if (request.headers['content-type'] !== 'application/octet-stream') return sendText(response, 415, 'Bytes only.');
  const name = url.searchParams.get('name') ?? '';
  if (name === '' || name.length > 1000) return sendText(response, 400, 'The file needs a name.');
  if (Number(request.headers['content-length'] ?? 0) > maxUploadBytes) {
    response.setHeader('Connection', 'close');
    return sendJson(response, 413, { code: 'DOC_TOO_LARGE', message: `The window can send at most 64 MB.` });
  }
  accepted();
  try {
    sendJson(response, 200, { uploadId: await uploads.receive(name, request) });
  } catch (error) {
    const { code, message } = failureForWindow(error);
    response.setHeader('Connection', 'close');
    sendJson(response, code === 'DOC_TOO_LARGE' ? 413 : code === 'BUSY' ? 429 : 500, { code, message });
  }
}

const bearerOf = ({ headers }: IncomingMessage) => /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];

/** Sends a document's file, read as fast as the window takes it. */
async function sendFile(
  app: ServerOptions['app'],
  tokens: SessionTokens,
  ...[request, response, url]: Parameters<Handler>
): Promise<void> {
  if (tokens.accepts(bearerOf(request)) === undefined) return sendText(response, 401, 'The session token is missing.');
  const id = idSchema.safeParse(url.searchParams.get('document'));
  if (!id.success) return sendText(response, 400, 'Which document?');
  try {
    const { path, size } = await documentFile(app, id.data);
    const { status, headers, open } = filePart(path, size, request.headers.range);
    response.writeHead(status, headers);
    const bytes = open();
    if (bytes) await pipeline(bytes, response);
    else response.end();
  } catch (error) {
    if (response.headersSent) throw error;
    const { code, message } = failureForWindow(error);
    sendJson(response, code === 'DOC_MISSING' ? 404 : code === 'DOC_TOO_LARGE' ? 413 : 500, { code, message });
  }
}

/** Reads a small body as text; undefined: it is larger than allowed. */
async function readSmall(request: IncomingMessage, most: number): Promise<string | undefined> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > most) return undefined;
  }
  return text;
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(text);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(value));
}
