/**
 * The window's only access to main: the typed methods of DesktopBridge. Runs sandboxed; ipcRenderer and its events never reach the page.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { Grant } from '../contract/app-types.ts';
import type {
  DesktopBridge,
  MenuCommand,
  ShellAnswer,
  ShellCommand,
  ShellInput,
  ShellOutput,
  StartWait,
} from '../contract/shell.ts';

/** The names are those of contract/shell.ts, which is not imported because it would bundle zod. */
const channel = (name: ShellCommand) => `rocketdoc:${name}`;
const portEvent = 'rocketdoc:port';
const filesEvent = 'rocketdoc:files';
const menuEvent = 'rocketdoc:menu';
const noticeEvent = 'rocketdoc:notice';
const waitEvent = 'rocketdoc:wait';

async function invoke<Name extends ShellCommand>(name: Name, input: ShellInput<Name>): Promise<ShellOutput<Name>> {
  const answer: ShellAnswer = await ipcRenderer.invoke(channel(name), input);
  if ('failure' in answer) throw new Error(answer.failure.message);
  return answer.value as ShellOutput<Name>;
}

const bridge: DesktopBridge = {
  connect: () =>
    invoke('connect', undefined).then(
      () => true,
      () => false,
    ),
  async grantFile(file) {
    const path = webUtils.getPathForFile(file);
    return path === '' ? null : invoke('grantFile', path);
  },
  onFiles(listener) {
    ipcRenderer.on(filesEvent, (_, grants: Grant[]) => listener(grants));
  },
  chooseModel: () => invoke('chooseModel', undefined),
  dragOut: (what) => invoke('dragOut', what),
  onMenu(listener) {
    ipcRenderer.on(menuEvent, (_, command: MenuCommand) => listener(command));
  },
  onNotice(listener) {
    ipcRenderer.on(noticeEvent, (_, sentence: string) => listener(sentence));
  },
  onWait(listener) {
    ipcRenderer.on(waitEvent, (_, wait: StartWait) => listener(wait));
  },
};

// Ports cannot pass the context bridge; a message event of the window carries them to the page.
ipcRenderer.on(portEvent, ({ ports }) => window.postMessage(portEvent, window.location.origin, [...ports]));

contextBridge.exposeInMainWorld('rocketdoc', bridge);
