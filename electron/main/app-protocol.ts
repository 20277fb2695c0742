/**
 * app://rocketdoc serves the built window with its security headers, takes files that have no path (pasted text), and serves documents'
 * files to the document view. The window needs no web server and no file: addresses.
 */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { type Protocol, protocol } from 'electron';
import { filePart } from '../app-host/window-api/file-range.ts';
import { staticFile, windowHeaders } from '../app-host/window-api/window-files.ts';
import { maxUploadBytes } from '../contract/app.ts';
import { shellFailure } from './notes.ts';
import { appOrigin, appScheme, isAppUrl } from './origin.ts';

/** What this protocol needs of the app host. */
export interface WindowFiles {
  /** Resolves with the id of the upload. */
  receiveUpload(name: string, pieces: AsyncIterable<Uint8Array>): Promise<string>;
  documentFile(documentId: string): Promise<{ path: string; size: number }>;
}

/** To be called before the app is ready. `standard` gives the scheme an origin, which 'self' in the policy then means. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
}

export function serveAppProtocol(on: Pick<Protocol, 'handle'>, webRoot: string, appHost: WindowFiles): void {
  on.handle(appScheme, async (request) => {
    if (!isAppUrl(request.url)) return refuse(404);
    const [path = '/', query = ''] = request.url.slice(appOrigin.length).split(/[?#]/);
    if (path === '/upload') return upload(request, new URLSearchParams(query).get('name') ?? '', appHost);
    if (path === '/file') return sendFile(request, new URLSearchParams(query).get('document') ?? '', appHost);
    if (request.method !== 'GET') return refuse(405);
    const file = await staticFile(webRoot, path);
    if (!file) return refuse(404);
    return new Response(new Uint8Array(file.body), { headers: { ...windowHeaders, ...file.headers } });
  });
}

/** Electron sets the origin that a request came from; a page cannot change it. */
const initiator = (request: Request) => (request as { initiatorOrigin?: string }).initiatorOrigin;

async function upload(request: Request, name: string, appHost: WindowFiles): Promise<Response> {
  if (request.method !== 'POST') return refuse(405);
  if (initiator(request) !== appOrigin) return refuse(403);
  if (request.headers.get('content-type') !== 'application/octet-stream') return refuse(415);
  if (name === '' || name.length > 1000) return refuse(400);
  if (Number(request.headers.get('content-length') ?? 0) > maxUploadBytes)
    return answer(413, { code: 'DOC_TOO_LARGE', message: 'The window can send at most 64 MB.' });
  try {
    const body = (request.body ?? new Blob().stream()) as ReadableStream<Uint8Array>;
    return answer(200, { uploadId: await appHost.receiveUpload(name, body) });
  } catch (error) {
    const { code, message } = shellFailure(error);
    return answer(code === 'DOC_TOO_LARGE' ? 413 : code === 'BUSY' ? 429 : 500, { code, message });
  }
}

async function sendFile(request: Request, documentId: string, appHost: WindowFiles): Promise<Response> {
  if (request.method !== 'GET') return refuse(405);
  if (initiator(request) !== appOrigin) return refuse(403);
  try {
    const { path, size } = await appHost.documentFile(documentId);
    const { status, headers, open } = filePart(path, size, request.headers.get('range'));
    const bytes = open();
    const body = bytes ? (Readable.toWeb(bytes) as unknown as BodyInit) : null;
    return new Response(body, { status, headers: { ...windowHeaders, ...headers } });
  } catch (error) {
    const { code, message } = shellFailure(error);
    return answer(code === 'DOC_MISSING' ? 404 : code === 'DOC_TOO_LARGE' ? 413 : 500, { code, message });
  }
}

const answer = (status: number, value: unknown) =>
  new Response(JSON.stringify(value), { status, headers: { ...windowHeaders, 'Content-Type': 'application/json' } });

const refuse = (status: number) => new Response(null, { status, headers: windowHeaders });
