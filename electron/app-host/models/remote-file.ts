/** Requests to file servers: follows permitted redirects, and reads the size and SHA-256 that a server declares. */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { AppError } from '../../contract/errors.ts';
import { catalogueAddress, needsPublicAddress, publicLookup, redirectTarget } from './download-address.ts';

const maxRedirects = 8;

/** The connection was lost: trying again may help. */
export class Interrupted extends Error {}

export interface RemoteRequest {
  method: 'GET' | 'HEAD';
  headers?: Record<string, string>;
  signal: AbortSignal;
  /** Milliseconds without data after which the connection counts as lost. */
  silenceMs?: number | undefined;
  /** True for a redirect that already has the wanted headers and need not be followed. */
  isEnough?: (response: IncomingMessage) => boolean;
}

/** Follows redirects and returns the last response, whose body is not read yet. */
export async function openRemote(origin: URL, remote: RemoteRequest): Promise<IncomingMessage> {
  const { method, signal, silenceMs = 30_000, isEnough = () => false } = remote;
  const headers = { 'Accept-Encoding': 'identity', 'User-Agent': 'RocketDoc', ...remote.headers };
  let url = origin;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const guard = hops > 0 && needsPublicAddress(origin) ? { lookup: publicLookup } : {};
    const response = await send(url, { method, headers, signal, timeout: silenceMs, ...guard }).catch((error) => {
      if (error instanceof AppError) throw error;
      throw new Interrupted(`cannot reach ${url.hostname}`, { cause: error });
    });
    response.setTimeout(silenceMs, () => response.destroy(new Interrupted(`${url.hostname} fell silent`)));
    const { statusCode = 0 } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || isEnough(response)) return response;
    response.destroy();
    url = redirectTarget(response.headers.location, url, origin);
  }
  throw new AppError('IO', `${origin.hostname} sends on again and again. Try again later.`);
}

function send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, resolve);
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.end();
  });
}

/** The error for a response without a file, in a sentence; the caller decides whether trying again may help. */
export function refusal(statusCode: number, host: string): AppError | Interrupted {
  if (statusCode === 401 || statusCode === 403)
    return new AppError('IO', `${host} gives this file only to people who are signed in (${statusCode}).`);
  if (statusCode === 404 || statusCode === 410)
    return new AppError('IO', `${host} does not have this file any more (${statusCode}).`);
  if (statusCode === 429 || statusCode >= 500) return new Interrupted(`${host} is busy (${statusCode})`);
  return new AppError('IO', `${host} does not give this file (${statusCode}). Try again later.`);
}

export interface DeclaredFile {
  bytes: number;
  sha256: string;
}

const isLinked = ({ headers }: IncomingMessage) => headers['x-linked-size'] !== undefined;

/** Size and SHA-256 as the server declares them. Hugging Face sends them in headers of its own, with the redirect to the bytes. */
export async function declaredFile(url: string, signal: AbortSignal, silenceMs?: number): Promise<DeclaredFile> {
  const origin = catalogueAddress(url);
  const response = await openRemote(origin, { method: 'HEAD', signal, silenceMs, isEnough: isLinked }).catch(
    (error) => {
      throw error instanceof Interrupted
        ? new AppError('IO', `${sentence(error)} Look at the connection and try again.`)
        : error;
    },
  );
  response.destroy();
  const { statusCode = 0, headers } = response;
  if (statusCode >= 400) {
    const error = refusal(statusCode, origin.hostname);
    throw error instanceof Interrupted ? new AppError('IO', `${sentence(error)} Try again later.`) : error;
  }
  const bytes = Number(text(headers['x-linked-size']) ?? headers['content-length'] ?? Number.NaN);
  const sha256 = /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(text(headers['x-linked-etag']) ?? headers.etag ?? '')?.[1];
  if (!Number.isSafeInteger(bytes) || bytes <= 0 || sha256 === undefined)
    throw new AppError(
      'IO',
      `${origin.hostname} does not declare size and SHA-256 of this file, so that what comes could not be checked. It is not fetched.`,
    );
  return { bytes, sha256: sha256.toLowerCase() };
}

const text = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header);
const sentence = ({ message }: Error) => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
