/** A document's file on its way to the window, over http and over Electron's app protocol alike: whole, or a range of it after a broken line. */
import { createReadStream, type ReadStream } from 'node:fs';

export interface FilePart {
  status: 200 | 206 | 416;
  headers: Record<string, string>;
  /** Read as the receiver takes it. undefined: there is nothing to send. */
  open(): ReadStream | undefined;
}

/** `range`: the request's header. One that asks for something else than one stretch of bytes is answered with the whole. */
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
