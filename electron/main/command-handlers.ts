/**
 * The only user of ipcMain. A command runs when its sender is the window itself and its input has the contract's shape; every
 * other call gets a refusal and nothing happens.
 */
import { type IpcMainInvokeEvent, ipcMain, type WebFrameMain } from 'electron';
import { AppError } from '../contract/errors.ts';
import {
  type ShellAnswer,
  type ShellCommand,
  type ShellInput,
  type ShellOutput,
  shellChannel,
  shellCommands,
} from '../contract/shell.ts';
import { shellFailure } from './notes.ts';
import { isAppFrame } from './origin.ts';

export type CommandHandlers = {
  [Name in ShellCommand]: (
    input: ShellInput<Name>,
    frame: WebFrameMain,
  ) => ShellOutput<Name> | Promise<ShellOutput<Name>>;
};

export function handleCommands(handlers: CommandHandlers): void {
  for (const name of Object.keys(shellCommands) as ShellCommand[]) {
    ipcMain.handle(shellChannel(name), async (event, ...args: unknown[]): Promise<ShellAnswer> => {
      try {
        return { value: await run(handlers, name, event, args) };
      } catch (error) {
        return { failure: shellFailure(error) };
      }
    });
  }
}

async function run<Name extends ShellCommand>(
  handlers: CommandHandlers,
  name: Name,
  event: IpcMainInvokeEvent,
  args: unknown[],
): Promise<ShellOutput<Name>> {
  const frame = event.senderFrame;
  if (!isAppFrame(frame)) throw new AppError('INVALID_ARGUMENT', 'Only the window itself may ask this.');
  const input = shellCommands[name].input.safeParse(args[0]);
  if (args.length > 1 || !input.success) throw new AppError('INVALID_ARGUMENT', 'The values do not fit this command.');
  return handlers[name](input.data as ShellInput<Name>, frame);
}
