/**
 * Checks that every request must pass before its path is looked at: the Host must exactly equal an allowed one, and an Origin, if there is
 * one, must be the same. No setting relaxes either check. With --behind-proxy, for a proxy that ends TLS, X-Forwarded-Proto says whether
 * the browser uses https: names off loopback are then answered over https only. Pure functions.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { windowHeaders } from '../app-host/window-api/window-files.ts';

export interface Refusal {
  status: number;
  message: string;
}

/** Exact Host values in lower case: for http, and for https as the browser sends them to a proxy that ends TLS. */
export interface AllowedHosts {
  http: ReadonlySet<string>;
  https: ReadonlySet<string>;
}

/** `extra`: names given on the command line for a server off loopback; behind a proxy they include the proxy's port. */
export function allowedHosts(port: number, extra: readonly string[] = [], isBehindProxy = false): AllowedHosts {
  const own = ['127.0.0.1', 'localhost', '[::1]'];
  const named = extra.map((name) => name.toLowerCase());
  const at = (names: readonly string[], at: number, usual: number) =>
    names.flatMap((name) => (at === usual ? [name, `${name}:${at}`] : [`${name}:${at}`]));
  if (!isBehindProxy) return { http: new Set(at([...own, ...named], port, 80)), https: new Set() };
  const https = named.flatMap((name) => (/:\d+$/.test(name) ? [name] : at([name], 443, 443)));
  return { http: new Set(at(own, port, 80)), https: new Set(https) };
}

/** Uses rawHeaders, because node joins or drops repeated headers in `headers`. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

export function refusal(request: Pick<IncomingMessage, 'rawHeaders' | 'url'>, hosts: AllowedHosts) {
  const refuse = (status: number, message: string): Refusal => ({ status, message });
  // Origin-form only: an absolute target would contain a second host that the check does not see.
  if (!request.url?.startsWith('/')) return refuse(400, 'Bad request target.');
  const host = valuesOf(request.rawHeaders, 'host');
  if (host.length !== 1) return refuse(400, 'Exactly one Host is needed.');
  const name = host[0]?.toLowerCase() ?? '';
  // X-Forwarded-Proto is only used for names that are served behind a proxy; without a proxy there are no such names.
  const isSecure = hosts.https.has(name) && valuesOf(request.rawHeaders, 'x-forwarded-proto').join() === 'https';
  if (!isSecure && hosts.https.has(name)) return refuse(403, 'Only over https.');
  if (!isSecure && !hosts.http.has(name)) return refuse(421, 'This server does not answer under that name.');
  const origins = valuesOf(request.rawHeaders, 'origin');
  if (origins.length > 1) return refuse(400, 'More than one Origin.');
  const origin = origins[0];
  if (origin !== undefined && origin.toLowerCase() !== `${isSecure ? 'https' : 'http'}://${name}`)
    return refuse(403, 'Another site may not ask here.');
  return undefined;
}

export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(windowHeaders)) response.setHeader(name, value);
  response.setHeader('X-Frame-Options', 'DENY');
}
