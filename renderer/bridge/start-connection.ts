/** How this window reaches RocketDoc: Electron's message port where there is one, else the WebSocket of the server. */
import type { AppClient, ChooseModel, SendFile } from '../stores/api.ts';
import { type ConnectionState, connect, uploadFile } from './connection.ts';
import { connectPort } from './desktop.ts';
import { sessionToken } from './session.ts';

export interface StartEvents {
  onState: (state: ConnectionState) => void;
  onClient: (client: AppClient, sendFile: SendFile, chooseModel?: ChooseModel) => void;
}

export async function startConnection({ onState, onClient }: StartEvents): Promise<void> {
  const bridge = window.rocketdoc;
  if (bridge) {
    const sendFile: SendFile = async (file) => {
      const grant = await bridge.grantFile(file);
      return grant ? { grantId: grant.id } : { uploadId: await uploadFile(file) };
    };
    const chooseModel = () => bridge.chooseModel();
    return connectPort(bridge, { onState, onClient: (client) => onClient(client, sendFile, chooseModel) });
  }
  const token = await sessionToken();
  if (token === undefined) return onState('refused');
  const sendFile: SendFile = async (file) => ({ uploadId: await uploadFile(file, token) });
  connect(token, { onState, onClient: (client) => onClient(client, sendFile) });
}
