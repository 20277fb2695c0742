/**
 * The window's WebSocket. Its first frame must be the session token, within two seconds; only then is the contract served. A connection
 * that does not answer a ping is closed; pings also keep a proxy from closing an idle one. A connection whose token is revoked is closed
 * too.
 */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { RPCHandler } from '@orpc/server/ws';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { WindowApiNeeds } from '../app-host/window-api/needs.ts';
import { appRouter } from '../app-host/window-api/router.ts';
import { maxMessageBytes } from '../contract/app.ts';
import { type AllowedHosts, refusal } from './request-checks.ts';
import type { SessionTokens } from './session-tokens.ts';

const firstFrameMs = 2000;
const unauthorised = 4401;
/** The close code for a window that sent no token in time: it connects again. */
const tooSlow = 4408;
const usualPingMs = 30_000;

export function serveSocket(
  server: Server,
  app: WindowApiNeeds,
  tokens: SessionTokens,
  hosts: () => AllowedHosts,
  pingMs = usualPingMs,
): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  const handler = new RPCHandler(appRouter(app, tokens));
  /** Connections that have answered since the last ping. */
  const answered = new WeakSet<WebSocket>();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    const refused = refusal(request, hosts()) ?? (request.url === '/rpc' ? undefined : { status: 404, message: 'No.' });
    if (refused) return refuse(socket, refused.status);
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => {}); // after a frame that is too large or broken ws closes the connection
      answered.add(ws);
      ws.on('pong', () => answered.add(ws));
      authenticate(ws, tokens, (session) => {
        ws.once(
          'close',
          tokens.whenRevoked(session, () => ws.close(unauthorised)),
        );
        void handler.upgrade(ws, { context: { session } });
      });
    });
  });
  const pinging = setInterval(() => {
    for (const ws of sockets.clients) {
      if (!answered.delete(ws)) ws.terminate();
      else ws.ping();
    }
  }, pingMs);
  pinging.unref();
  return () => {
    clearInterval(pinging);
    for (const ws of sockets.clients) ws.terminate();
  };
}

function authenticate(ws: WebSocket, tokens: SessionTokens, accept: (session: string) => void): void {
  const timer = setTimeout(() => ws.close(tooSlow), firstFrameMs);
  ws.once('close', () => clearTimeout(timer));
  ws.once('message', (data: RawData, isBinary: boolean) => {
    clearTimeout(timer);
    const session = isBinary ? undefined : tokens.accepts(data.toString());
    if (session === undefined) return ws.close(unauthorised);
    accept(session);
    ws.send('ready');
  });
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
