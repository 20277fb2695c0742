/** The WebSocket: its first frame is the session token, within two seconds; only then does the contract listen. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { RPCHandler } from '@orpc/server/ws';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { WindowApiNeeds } from '../app-host/window-api/needs.ts';
import { appRouter } from '../app-host/window-api/router.ts';
import { maxMessageBytes } from '../contract/app.ts';
import { refusal } from './gates.ts';
import type { SessionTokens } from './session-tokens.ts';

const firstFrameMs = 2000;
const unauthorised = 4401;
/** Nothing is said against such a window: it tries again. */
const tooSlow = 4408;

export function serveSocket(
  server: Server,
  app: WindowApiNeeds,
  tokens: SessionTokens,
  hosts: () => ReadonlySet<string>,
): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  const handler = new RPCHandler(appRouter(app));
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    const refused = refusal(request, hosts()) ?? (request.url === '/rpc' ? undefined : { status: 404, message: 'No.' });
    if (refused) return refuse(socket, refused.status);
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => {}); // too large a frame, a broken one: ws closes it
      authenticate(ws, tokens, () => void handler.upgrade(ws));
    });
  });
  return () => {
    for (const ws of sockets.clients) ws.terminate();
  };
}

function authenticate(ws: WebSocket, tokens: SessionTokens, accept: () => void): void {
  const timer = setTimeout(() => ws.close(tooSlow), firstFrameMs);
  ws.once('close', () => clearTimeout(timer));
  ws.once('message', (data: RawData, isBinary: boolean) => {
    clearTimeout(timer);
    if (isBinary || !tokens.accepts(data.toString())) return ws.close(unauthorised);
    accept();
    ws.send('ready');
  });
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
