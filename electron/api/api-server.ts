/**
 * The API for other programs of this machine: HTTP on loopback in the form of OpenAI's API. Every request passes the same checks as the
 * window's (server/request-checks.ts), then needs a key. There are no routes besides those in the list.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import { logUnforeseen } from '../app-host/log.ts';
import { maxUploadBytes } from '../contract/app.ts';
import { type AllowedHosts, refusal, setSecurityHeaders } from '../server/request-checks.ts';
import { ApiError, errorBody, toApiError } from './api-error.ts';
import { completeChat } from './chat-completions.ts';
import { addFile, documentOf, fileOf, formOf, removeFile, tooLarge } from './files.ts';
import { pagesOf, searchIn } from './library.ts';
import { listModels } from './models.ts';
import type { ProgramsNeeds } from './needs.ts';
import { openApiDocument } from './openapi.ts';
import { RateLimit } from './rate-limit.ts';
import { chatRequestSchema, maxJsonBytes } from './requests.ts';

export interface ApiServerOptions {
  rooms: ProgramsNeeds;
  /** The id of the key; undefined: it is not valid. */
  accepts: (key: string) => string | undefined;
  /** A function, because the hosts are known only once the port is. */
  hosts: () => AllowedHosts;
}

interface AuthorisedRequest {
  rooms: ProgramsNeeds;
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** The variable part of the path. */
  id: string;
  /** Fires when the client goes away. */
  signal: AbortSignal;
}

interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  path: RegExp;
  handle: (asked: AuthorisedRequest) => Promise<unknown>;
  /** How long the body may take to arrive, in milliseconds. */
  bodyMs: number;
}

const jsonMs = 60_000;
const uploadMs = 60 * 60_000;
const idleMs = 30_000;
/** Most requests of one key in a minute. */
const perMinute = 600;
const retryAfterSeconds = 2;

const routes: readonly Route[] = [
  { method: 'GET', path: /^\/v1\/models$/, bodyMs: jsonMs, handle: async ({ rooms }) => listModels(rooms) },
  { method: 'POST', path: /^\/v1\/chat\/completions$/, bodyMs: jsonMs, handle: chatCompletions },
  { method: 'POST', path: /^\/v1\/files$/, bodyMs: uploadMs, handle: uploadFile },
  { method: 'GET', path: /^\/v1\/files$/, bodyMs: jsonMs, handle: async ({ rooms }) => listFiles(rooms) },
  {
    method: 'GET',
    path: /^\/v1\/files\/([\w-]{1,100})$/,
    bodyMs: jsonMs,
    handle: async ({ rooms, id }) => fileOf(documentOf(rooms, id)),
  },
  {
    method: 'DELETE',
    path: /^\/v1\/files\/([\w-]{1,100})$/,
    bodyMs: jsonMs,
    handle: async ({ rooms, id }) => {
      await removeFile(rooms, id);
      return { id, object: 'file', deleted: true };
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/rocketdoc\/files\/([\w-]{1,100})\/pages$/,
    bodyMs: jsonMs,
    handle: async ({ rooms, id, url }) => pagesOf(rooms, id, url.searchParams),
  },
  {
    method: 'GET',
    path: /^\/v1\/rocketdoc\/search$/,
    bodyMs: jsonMs,
    handle: async ({ rooms, url }) => searchIn(rooms, url.searchParams),
  },
  { method: 'GET', path: /^\/openapi\.json$/, bodyMs: jsonMs, handle: async () => openApiDocument() },
];

const maxSockets = 256;

export function createApiServer({ rooms, accepts, hosts }: ApiServerOptions): Server {
  const limit = new RateLimit(perMinute, 60_000);
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 5000, connectionsCheckingInterval: 2000 },
    (request, response) => {
      setSecurityHeaders(response);
      const gone = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) gone.abort();
      });
      answer(request, response, gone.signal).catch((error) => {
        const known = toApiError(error);
        if (known.status >= 500 && !gone.signal.aborted)
          logUnforeseen(`A program's request for ${request.url?.split('?')[0]}`, error);
        fail(response, known);
      });
    },
  );
  server.maxConnections = maxSockets;
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const refused = refusal(request, hosts());
    if (refused) throw new ApiError(refused.status, refused.message, { code: 'refused' });
    // Requests of web pages have an Origin and are refused: this API is for programs.
    if (request.headers.origin !== undefined)
      throw new ApiError(403, 'Web pages may not ask here.', { code: 'refused' });
    const key = /^Bearer (\S{1,200})$/.exec(request.headers.authorization ?? '')?.[1];
    const owner = key === undefined ? undefined : accepts(key);
    if (owner === undefined)
      throw new ApiError(
        401,
        'A key of RocketDoc is needed: Authorization: Bearer rd-... It is made in the settings, Programs.',
        {
          code: 'invalid_api_key',
        },
      );
    if (!limit.allows(owner))
      throw new ApiError(429, `A key may ask ${perMinute} times a minute.`, { code: 'rate_limit_exceeded' });
    const url = new URL(request.url ?? '/', 'http://local');
    const here = routes.filter(({ path }) => path.test(url.pathname));
    const route = here.find(({ method }) => method === request.method);
    if (!route) {
      if (here.length === 0)
        throw new ApiError(404, `There is no ${url.pathname.slice(0, 100)} here.`, { code: 'unknown_url' });
      response.setHeader('Allow', here.map(({ method }) => method).join(', '));
      throw new ApiError(405, `This path takes ${here.map(({ method }) => method).join(' or ')}.`, {
        code: 'method_not_allowed',
      });
    }
    const arrived = within(request, route.bodyMs);
    try {
      const id = route.path.exec(url.pathname)?.[1] ?? '';
      const result = await route.handle({ rooms, request, response, url, id, signal });
      if (result !== undefined) send(response, 200, result);
    } finally {
      arrived();
    }
  }
}

/** Ends a request whose body stops arriving or takes too long. */
function within(request: IncomingMessage, ms: number): () => void {
  const { socket } = request;
  const cutOff = () => void (request.complete || request.destroy());
  const timer = setTimeout(cutOff, ms);
  socket.setTimeout(idleMs);
  socket.on('timeout', cutOff);
  const done = () => {
    clearTimeout(timer);
    socket.setTimeout(0);
    // The connection is used for further requests.
    socket.off('timeout', cutOff);
  };
  request.once('end', done);
  return done;
}

async function chatCompletions({ rooms, request, response, signal }: AuthorisedRequest): Promise<unknown> {
  const body = await jsonOf(request);
  const parsed = chatRequestSchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue?.code === 'unrecognized_keys' ? issue.keys[0] : pathOf(issue?.path ?? []);
    const unsupported = issue?.code === 'unrecognized_keys';
    throw new ApiError(
      400,
      unsupported ? `${param} is not supported.` : `${param || 'The request'}: ${issue?.message}.`,
      {
        param: param || null,
        code: unsupported ? 'unsupported_parameter' : 'invalid_value',
      },
    );
  }
  return completeChat(rooms, parsed.data, response, signal);
}

const pathOf = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (path, part) =>
      typeof part === 'number' ? `${path}[${part}]` : path === '' ? String(part) : `${path}.${String(part)}`,
    '',
  );

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json(?:;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new ApiError(415, 'The body must be application/json.', { code: 'invalid_content_type' });
  if (Number(request.headers['content-length'] ?? 0) > maxJsonBytes) throw bodyTooLarge(maxJsonBytes);
  const chunks: Buffer[] = [];
  for await (const chunk of request.pipe(atMost(maxJsonBytes))) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ApiError(400, 'The body is not JSON.', { code: 'invalid_json' });
  }
}

const bodyTooLarge = (bytes: number) =>
  new ApiError(
    413,
    `The request is larger than ${Math.floor(bytes / 1024 / 1024)} MB. Upload the document as a file.`,
    {
      code: 'request_too_large',
    },
  );

/** Fails as soon as more bytes arrive than are allowed. */
function atMost(bytes: number): Transform {
  let come = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      come += chunk.length;
      if (come > bytes) done(bodyTooLarge(bytes));
      else done(null, chunk);
    },
  });
}

/** Bytes that a form may have in addition to its file. */
const formBytes = 64 * 1024;

async function uploadFile({ rooms, request, signal }: AuthorisedRequest) {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data;/i.test(type))
    throw new ApiError(415, 'The body must be multipart/form-data.', { code: 'invalid_content_type' });
  if (Number(request.headers['content-length'] ?? 0) > maxUploadBytes + formBytes) throw tooLarge();
  const { name, bytes } = await formOf(type, request.pipe(atMost(maxUploadBytes + formBytes)));
  return fileOf(await addFile(rooms, name, bytes, signal));
}

function listFiles(rooms: ProgramsNeeds) {
  return { object: 'list', data: rooms.documents.list(rooms.counter.countedWith).map(fileOf), has_more: false };
}

function fail(response: ServerResponse, error: ApiError): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    // The stream has begun: its last event is the error.
    response.end(`data: ${JSON.stringify(errorBody(error))}\n\n`);
    return;
  }
  if (error.status === 429) response.setHeader('Retry-After', String(retryAfterSeconds));
  // The rest of a refused body is not read, so the connection is closed.
  if (error.status === 413 || error.status === 401 || error.status === 415) response.setHeader('Connection', 'close');
  send(response, error.status, errorBody(error));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}
