/**
 * What every request passes before anything looks at its path: the Host must be one of ours by exact text, and an Origin, when
 * there is one, must be the same. No setting relaxes either. Pure functions; http-server.ts calls them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { windowHeaders } from '../app-host/window-api/window-files.ts';

export interface Refusal {
  status: number;
  message: string;
}

/** Exact Host values, lower case. `extra` are names given on the command line for a server off loopback. Browsers leave port 80 out. */
export function allowedHosts(port: number, extra: readonly string[] = []): ReadonlySet<string> {
  const names = ['127.0.0.1', 'localhost', '[::1]', ...extra.map((name) => name.toLowerCase())];
  return new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
}

/** rawHeaders, because node joins or drops repeated headers before anyone sees them. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

export function refusal(request: Pick<IncomingMessage, 'rawHeaders' | 'url'>, hosts: ReadonlySet<string>) {
  const refuse = (status: number, message: string): Refusal => ({ status, message });
  // Origin-form only: an absolute target would carry a second host past the check.
  if (!request.url?.startsWith('/')) return refuse(400, 'Bad request target.');
  const host = valuesOf(request.rawHeaders, 'host');
  if (host.length !== 1) return refuse(400, 'Exactly one Host is needed.');
  const name = host[0]?.toLowerCase() ?? '';
  if (!hosts.has(name)) return refuse(421, 'This server does not answer under that name.');
  const origins = valuesOf(request.rawHeaders, 'origin');
  if (origins.length > 1) return refuse(400, 'More than one Origin.');
  const origin = origins[0];
  if (origin !== undefined && origin.toLowerCase() !== `http://${name}`)
    return refuse(403, 'Another site may not ask here.');
  return undefined;
}

export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(windowHeaders)) response.setHeader(name, value);
  response.setHeader('X-Frame-Options', 'DENY');
}
