/**
 * The built window's files and their headers, for HTTP and for Electron's app protocol. A file is served only if its real path, with links
 * resolved, is inside the folder.
 */
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

/** 'self' includes the WebSocket of the same origin. */
const contentSecurityPolicy = [
  "default-src 'none'",
  // PDFium is WebAssembly and draws the pages of a PDF in a worker.
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // The PDF view needs a policy for the address of its worker (pdf-engine.ts); no other policy may be made.
  'trusted-types rocketdoc-pdf',
].join('; ');

export const windowHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-DNS-Prefetch-Control': 'off',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), midi=()',
  'Cache-Control': 'no-store',
};

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

export interface StaticFile {
  body: Buffer;
  headers: Record<string, string>;
}

/** Files with a hash of their content in the name never change. */
const isHashed = (name: string) => /^\/assets\/[^/]+-[\w-]{8}\.\w+$/.test(name);
const forEver = { 'Cache-Control': 'max-age=31536000, immutable' };

/** undefined: there is no such file, or it may not be served. */
export async function staticFile(root: string, path: string): Promise<StaticFile | undefined> {
  let name: string;
  try {
    name = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // Refuses separators of other systems and hidden names: none of our files has them.
  if (/[\0\\:]|%|(^|\/)\./.test(name)) return undefined;
  const type = types[extname(name === '/' ? '/index.html' : name).toLowerCase()];
  if (!type) return undefined;
  try {
    const base = await realpath(root);
    const file = await realpath(join(base, name === '/' ? 'index.html' : name));
    if (!file.startsWith(base + sep)) return undefined;
    return { body: await readFile(file), headers: { 'Content-Type': type, ...(isHashed(name) && forEver) } };
  } catch {
    return undefined;
  }
}
