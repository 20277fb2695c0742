/** How this window reaches RocketDoc: Electron's message port where there is one, else the WebSocket of the server. */
import type { AppClient, FileWays } from '../stores/api.ts';
import { type ConnectionState, connect, downloadFile, uploadFile } from './connection.ts';
import { connectPort } from './desktop.ts';
import { sessionToken } from './session.ts';

export interface StartEvents {
  onState: (state: ConnectionState) => void;
  onClient: (client: AppClient, files: FileWays) => void;
}

export async function startConnection({ onState, onClient }: StartEvents): Promise<void> {
  const bridge = window.rocketdoc;
  if (bridge) {
    const files: FileWays = {
      async sendFile(file) {
        const grant = await bridge.grantFile(file);
        return grant ? { grantId: grant.id } : { uploadId: await uploadFile(file) };
      },
      loadFile: (documentId) => downloadFile(documentId),
      chooseModel: () => bridge.chooseModel(),
    };
    return connectPort(bridge, { onState, onClient: (client) => onClient(client, files) });
  }
  const token = await sessionToken();
  if (token === undefined) return onState('refused');
  const files: FileWays = {
    sendFile: async (file) => ({ uploadId: await uploadFile(file, token) }),
    loadFile: (documentId) => downloadFile(documentId, token),
  };
  connect(token, { onState, onClient: (client) => onClient(client, files) });
}
