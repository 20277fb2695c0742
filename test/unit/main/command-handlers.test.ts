import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, expect, it, vi } from 'vitest';
import { type ShellCommand, shellAnswerSchema, shellChannel, shellCommands } from '../../../electron/contract/shell.ts';
import { type CommandHandlers, handleCommands } from '../../../electron/main/command-handlers.ts';
import { hostileIds } from '../../fixtures/app-commands.ts';
import { foreignFrames, frameOf, handlers, invoke } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const names = Object.keys(shellCommands) as ShellCommand[];
/** A valid input for each command. When a command is added, this does not compile without one for it. */
const fitting: Record<ShellCommand, unknown> = {
  connect: undefined,
  grantFile: '/home/person/report.pdf',
  chooseModel: undefined,
  dragOut: { type: 'document', documentId: randomUUID() },
};
let ran: string[] = [];
let failWith: Error | undefined;

beforeEach(() => {
  ran = [];
  failWith = undefined;
  handlers.clear();
  const record = (name: string) => () => {
    ran.push(name);
    if (failWith) throw failWith;
    return undefined as never;
  };
  handleCommands(Object.fromEntries(names.map((name) => [name, record(name)])) as unknown as CommandHandlers);
});

it('listens to the commands of the contract and to nothing else', () => {
  expect([...handlers.keys()].sort()).toEqual(names.map(shellChannel).sort());
});

it.each(names)('%s runs for the window itself', async (name) => {
  expect(await invoke(shellChannel(name), frameOf(), fitting[name])).toEqual({ value: undefined });
  expect(ran).toEqual([name]);
});

it.each(names.flatMap((name) => Object.keys(foreignFrames).map((who) => [name, who] as const)))(
  '%s does not run for %s',
  async (name, who) => {
    const answer = await invoke(shellChannel(name), foreignFrames[who] ?? null, fitting[name]);
    expect(answer).toMatchObject({ failure: { code: 'INVALID_ARGUMENT' } });
    expect(ran).toEqual([]);
  },
);

it.each(names)('%s refuses what does not fit its schema, whatever it is', async (name) => {
  const { input } = shellCommands[name];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.anything(), { maxLength: 3 }), async (args) => {
      ran = [];
      const answer = shellAnswerSchema.parse(await invoke(shellChannel(name), frameOf(), ...args));
      const fits = args.length <= 1 && input.safeParse(args[0]).success;
      expect('value' in answer).toBe(fits);
      expect(ran).toEqual(fits ? [name] : []);
    }),
    { numRuns: 1000 },
  );
  for (const wrong of [null, 0, {}, [], '', 'x'.repeat(40_000), Buffer.from('x'), () => 1])
    if (!input.safeParse(wrong).success)
      expect(await invoke(shellChannel(name), frameOf(), wrong)).toHaveProperty('failure');
});

it('takes no path for what is dragged out, and no format but its own', async () => {
  const hostile = [...hostileIds, `${randomUUID()}.pdf`, [randomUUID()], { id: randomUUID() }];
  const inputs = [
    ...hostile.map((documentId) => ({ type: 'document', documentId })),
    ...hostile.map((chatId) => ({ type: 'chat', chatId, format: 'markdown' })),
    { type: 'chat', chatId: randomUUID(), format: '../x' },
    { type: 'file', documentId: randomUUID() },
    { type: 'document', documentId: randomUUID(), path: '/etc/passwd' },
  ];
  for (const input of inputs)
    expect(await invoke(shellChannel('dragOut'), frameOf(), input)).toMatchObject({ failure: {} });
  expect(ran).toEqual([]);
});

it('keeps to itself what nobody foresaw', async () => {
  failWith = new Error('ENOENT: /home/person/secret');
  const answer = await invoke(shellChannel('connect'), frameOf());
  expect(answer).toEqual({
    failure: { code: 'INTERNAL', message: 'Something failed inside. The log says what: About RocketDoc shows it.' },
  });
});
