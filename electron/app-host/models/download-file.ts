/**
 * Downloads one file into a `.part` file, continuing where an earlier try stopped. node-llama-cpp's downloader is not used because it
 * follows redirects to any address, appends to an unfinished file without checking that the server's file is still the same (ETag), and
 * does not stop a server that sends more than was announced.
 *
 * `.part` has the first bytes of the file and nothing else; `.part.json` has its address and ETag. The caller compares the SHA-256.
 */

import { type FileHandle, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, toAppError } from '../../contract/errors.ts';
import { count } from '../../contract/number-words.ts';
import { catalogueAddress } from './download-address.ts';
import { Interrupted, openRemote, refusal } from './remote-file.ts';

export interface DownloadRequest {
  url: string;
  /** The size of the finished file; another size is an error. */
  bytes: number;
  /** The path of the `.part` file; the finished file keeps this name until the caller has checked it. */
  part: string;
  signal: AbortSignal;
  /** Called with the number of bytes in `.part`. */
  onProgress: (done: number) => void;
  /** Milliseconds without data after which the connection counts as lost, and milliseconds before the first of some new tries. */
  silenceMs?: number;
  retryMs?: number;
}

const maxTries = 4;
const gettingOnBytes = 64 * 1024;

const metaSchema = z.strictObject({ url: z.string(), etag: z.string().nullable() });
type Meta = z.infer<typeof metaSchema>;
const metaFile = (part: string) => `${part}.json`;

/** Thrown when the bytes in `.part` do not belong to the server's present file. */
class DownloadRestart extends Error {}

/** Rejects with CANCELLED (the signal), IO (`.part` stays), or MODEL_CHECKSUM (the server has another file: `.part` is deleted). */
export async function downloadFile(request: DownloadRequest): Promise<void> {
  const { url, bytes, part, signal, retryMs = 1000 } = request;
  const origin = catalogueAddress(url);
  let tries = 0;
  let startedOver = 0;
  for (;;) {
    if (signal.aborted) throw stopped();
    const before = await partBytes(part);
    try {
      return await attempt(request, origin);
    } catch (error) {
      if (signal.aborted) throw stopped();
      const isOther = error instanceof DownloadRestart || toAppError(error).code === 'MODEL_CHECKSUM';
      if (isOther) await discardPart(part);
      if (error instanceof DownloadRestart && ++startedOver < maxTries) continue;
      if (!(error instanceof Interrupted)) throw error instanceof DownloadRestart ? everOther(origin) : error;
      // The tries are counted anew whenever one has made progress.
      tries = (await partBytes(part)) - before >= gettingOnBytes ? 1 : tries + 1;
      if (tries >= maxTries) throw interruption(error, await partBytes(part), bytes);
    }
    await pause(retryMs * 2 ** (tries - 1), undefined, { signal }).catch(() => {});
  }
}

/** How many bytes an earlier try left; 0: none, or of another address. */
export async function partOf(part: string, url: string): Promise<number> {
  return (await readMeta(part))?.url === url ? partBytes(part) : 0;
}

export async function discardPart(part: string): Promise<void> {
  await Promise.all([part, metaFile(part)].map((file) => rm(file, { force: true })));
}

async function attempt(request: DownloadRequest, origin: URL): Promise<void> {
  const { url, bytes, part } = request;
  const meta = await readMeta(part);
  if (meta?.url !== url) await discardPart(part);
  const have = meta?.url === url ? await partBytes(part) : 0;
  if (have > bytes) throw new DownloadRestart();
  if (have === bytes) return;
  const headers: Record<string, string> = have > 0 ? { Range: `bytes=${have}-` } : {};
  if (have > 0 && meta?.etag) headers['If-Range'] = meta.etag;
  const { signal, silenceMs } = request;
  const response = await openRemote(origin, { method: 'GET', headers, signal, silenceMs });
  try {
    const from = startOf(response, origin, have, bytes, meta);
    const etag = strongEtag(response);
    await writeFile(metaFile(part), JSON.stringify({ url, etag } satisfies Meta), { mode: 0o600 });
    const handle = await open(part, from === 0 ? 'w' : 'a', 0o600);
    try {
      await writeBody(response, handle, from, request, origin);
    } finally {
      await handle.close();
    }
  } finally {
    response.destroy();
  }
}

/** The offset in the file at which the body begins; throws if the response has no file or another one. */
function startOf(response: IncomingMessage, origin: URL, have: number, bytes: number, meta: Meta | undefined): number {
  const { statusCode = 0, headers } = response;
  const host = origin.hostname;
  if (statusCode === 206) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
    if (total !== undefined && Number(total) !== bytes) throw otherSize(host, count(Number(total)), bytes);
    const etag = strongEtag(response);
    // Some servers ignore If-Range and send a range of a changed file.
    if (Number(first) !== have || (meta?.etag && etag && etag !== meta.etag)) throw new DownloadRestart();
    return have;
  }
  if (statusCode === 200) {
    const length = headers['content-length'];
    if (length !== undefined && Number(length) !== bytes) throw otherSize(host, count(Number(length)), bytes);
    return 0; // the server does not support ranges, or the file has changed
  }
  if (statusCode === 416 && have > 0) throw new DownloadRestart();
  throw refusal(statusCode, host);
}

async function writeBody(
  response: IncomingMessage,
  handle: FileHandle,
  from: number,
  { bytes, signal, onProgress }: DownloadRequest,
  origin: URL,
): Promise<void> {
  let done = from;
  onProgress(done);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (signal.aborted) throw stopped();
      if (done + chunk.length > bytes) throw otherSize(origin.hostname, 'more', bytes);
      await handle.writeFile(chunk);
      done += chunk.length;
      onProgress(done);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || error instanceof AppError || error instanceof Interrupted) throw error;
    throw new Interrupted('the connection was lost', { cause: error });
  }
  if (done < bytes) throw new Interrupted('the connection was lost');
  await handle.sync();
}

function strongEtag({ headers: { etag } }: IncomingMessage): string | null {
  return etag && !etag.startsWith('W/') && etag.length < 1000 ? etag : null;
}

async function partBytes(part: string): Promise<number> {
  return stat(part).then(
    ({ size }) => size,
    () => 0,
  );
}

async function readMeta(part: string): Promise<Meta | undefined> {
  try {
    return metaSchema.parse(JSON.parse(await readFile(metaFile(part), 'utf8')));
  } catch {
    return undefined;
  }
}

function interruption({ message }: Interrupted, have: number, bytes: number): AppError {
  const kept = have > 0 ? ` ${count(have)} of ${count(bytes)} bytes are here and stay.` : '';
  return new AppError('IO', `The download stopped: ${message}.${kept} Look at the connection and try again.`);
}

function everOther({ hostname }: URL): AppError {
  return new AppError('IO', `The file at ${hostname} changes while it is fetched. Try again later.`);
}

function otherSize(host: string, has: string, bytes: number): AppError {
  return new AppError(
    'MODEL_CHECKSUM',
    `${host} sends ${has} bytes where the file has ${count(bytes)}: it is another file. Nothing was kept.`,
  );
}

const stopped = () => new AppError('CANCELLED', 'Stopped.');
