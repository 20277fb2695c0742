/**
 * What the Electron window may ask of the main process beside appContract, and the events that main sends to it. The preload is the only
 * caller; each command is checked for its sender and this schema before anything happens.
 */
import { z } from 'zod';
import { failureSchema, type Grant, grantSchema, idSchema } from './app-types.ts';

/** What can be dragged out of the window as a file. */
export const draggableSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('document'), documentId: idSchema }),
  z.strictObject({ type: z.literal('chat'), chatId: idSchema, format: z.enum(['markdown', 'json']) }),
]);
export type Draggable = z.infer<typeof draggableSchema>;

export const shellCommands = {
  /** Asks for a message port that speaks appContract; the port arrives as a message event of the window. */
  connect: { input: z.undefined(), output: z.void() },
  /** Grants a path that the preload got from the system for a File that a person dropped or picked. */
  grantFile: { input: z.string().min(1).max(32_768), output: grantSchema },
  /** Opens the system's dialog for a model file; null: nothing was picked. The file stays where it is. */
  chooseModel: { input: z.undefined(), output: grantSchema.nullable() },
  /** Begins a drag of the system with a copy of this; resolves when the drag has begun. */
  dragOut: { input: draggableSchema, output: z.void() },
} as const;

export type ShellCommand = keyof typeof shellCommands;
export type ShellInput<Name extends ShellCommand> = z.input<(typeof shellCommands)[Name]['input']>;
export type ShellOutput<Name extends ShellCommand> = z.output<(typeof shellCommands)[Name]['output']>;

/** Errors lose their code between processes, so an answer has it as a value. */
export const shellAnswerSchema = z.union([
  z.strictObject({ value: z.unknown() }),
  z.strictObject({ failure: failureSchema }),
]);
export type ShellAnswer = z.infer<typeof shellAnswerSchema>;

export const shellChannel = (name: ShellCommand) => `rocketdoc:${name}`;

/** Commands that the window carries out when an item of the menu is clicked. */
export type MenuCommand =
  | 'about'
  | 'inspector'
  | 'library'
  | 'models'
  | 'newChat'
  | 'palette'
  | 'settings'
  | 'shortcuts'
  | 'stop';

/**
 * Main to preload. `port` carries the port; `files`: grants for files that were opened with RocketDoc; `menu`: a menu item that the window
 * carries out; `notice`: a sentence for the person; `wait`: what main waits for before there is a port (StartWait).
 */
export const shellEvents = {
  port: 'rocketdoc:port',
  files: 'rocketdoc:files',
  menu: 'rocketdoc:menu',
  notice: 'rocketdoc:notice',
  wait: 'rocketdoc:wait',
} as const;

/** What start-up waits for, when the library takes a while to open. */
export const startWaitSchema = z.strictObject({
  sentence: z.string(),
  /** null: the work cannot tell how far it is. */
  percent: z.int().min(0).max(100).nullable(),
});
export type StartWait = z.infer<typeof startWaitSchema>;

/** `window.rocketdoc`, which exists in Electron alone. */
export interface DesktopBridge {
  /** The port arrives as a message event with the data `rocketdoc:port`; false: main refused. */
  connect(): Promise<boolean>;
  /** null: the File has no path, because it was pasted or made by a page. */
  grantFile(file: File): Promise<Grant | null>;
  onFiles(listener: (grants: Grant[]) => void): void;
  /** null: nothing was picked. */
  chooseModel(): Promise<Grant | null>;
  /** Called in a dragstart event; rejects with a sentence. */
  dragOut(what: Draggable): Promise<void>;
  onMenu(listener: (command: MenuCommand) => void): void;
  onNotice(listener: (sentence: string) => void): void;
  onWait(listener: (wait: StartWait) => void): void;
}
