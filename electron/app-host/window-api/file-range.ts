/**
 * Sends a document's file to the window, over HTTP and over Electron's app protocol: the whole file, or a range of it after a broken
 * connection.
 */
import { createReadStream, type ReadStream } from 'node:fs';

export interface FilePart {
  status: 200 | 206 | 416;
  headers: Record<string, string>;
  /** A stream that is read as fast as the receiver takes it; undefined: there is nothing to send. */
  open(): ReadStream | undefined;
}

/** `range`: the request's header. If it asks for anything else than one range of bytes, the whole file is sent. */
export function filePart(path: string, size: number, range: string | null | undefined): FilePart {
  const whole = { 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' };
  const [, from = '', to = ''] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(range ?? '') ?? [];
  if (from === '')
    return { status: 200, headers: { ...whole, 'Content-Length': String(size) }, open: () => createReadStream(path) };
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start > end)
    return { status: 416, headers: { ...whole, 'Content-Range': `bytes */${size}` }, open: () => undefined };
  return {
    status: 206,
    headers: {
      ...whole,
      'Content-Length': String(end - start + 1),
      'Content-Range': `bytes ${start}-${end}/${size}`,
    },
    open: () => createReadStream(path, { start, end }),
  };
}
