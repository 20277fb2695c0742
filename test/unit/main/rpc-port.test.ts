/** Every command of the window's contract over Electron's port, found by walking the contract: a new one is tested too. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient, ORPCError } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { getContractRouter, isContractProcedure } from '@orpc/contract';
import type { MessagePortMain, WebFrameMain } from 'electron';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { appContract } from '../../../electron/contract/app.ts';
import { isErrorCode } from '../../../electron/contract/errors.ts';
import { rpcPorts, type ServePort } from '../../../electron/main/rpc-port.ts';
import { type App, createApp } from '../../../electron/workspace/app.ts';
import { fakeEngine } from '../../fixtures/fake-engine.ts';
import { type FakePort, foreignFrames, frameOf, MessageChannelMain } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

interface Command {
  name: string;
  path: string[];
  input: z.ZodType | undefined;
}

function commandsOf(tree: object, path: string[] = []): Command[] {
  return Object.entries(tree).flatMap(([key, value]: [string, object]) => {
    const at = [...path, key];
    if (!isContractProcedure(getContractRouter(appContract, at))) return commandsOf(value, at);
    const { inputSchema } = (value as { '~orpc': { inputSchema?: z.ZodType } })['~orpc'];
    return [{ name: at.join('.'), path: at, input: inputSchema }];
  });
}
const commands = commandsOf(appContract);

interface Shape {
  type?: string;
  properties?: Record<string, Shape>;
  required?: string[];
  items?: Shape;
  anyOf?: Shape[];
  oneOf?: Shape[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  minimum?: number;
  minLength?: number;
  minItems?: number;
}
const shapeOf = (input: z.ZodType) => z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as Shape;

/** The smallest thing that fits. */
function fitting(shape: Shape): unknown {
  if (shape.const !== undefined) return shape.const;
  if (shape.enum) return shape.enum[0];
  const choice = (shape.anyOf ?? shape.oneOf)?.[0];
  if (choice) return fitting(choice);
  if (shape.type === 'object') {
    const required = Object.entries(shape.properties ?? {}).filter(([key]) => shape.required?.includes(key));
    return Object.fromEntries(required.map(([key, inner]) => [key, fitting(inner)]));
  }
  if (shape.type === 'array') return Array.from({ length: shape.minItems ?? 0 }, () => fitting(shape.items ?? {}));
  if (shape.type === 'string') return shape.pattern ? randomUUID() : 'x'.repeat(Math.max(1, shape.minLength ?? 1));
  if (shape.type === 'integer' || shape.type === 'number') return Math.max(1, shape.minimum ?? 1);
  return shape.type === 'boolean' ? false : null;
}

/** Names of the fields that hold an id, or several. */
const idFields = (shape: Shape) => Object.keys(shape.properties ?? {}).filter((key) => /Ids?$/.test(key));

const hostileIds = [
  '../../etc/passwd',
  '..\\..\\windows\\win.ini',
  '/etc/passwd',
  'C:\\Windows\\win.ini',
  '\\\\host\\share\\file',
  'file:///etc/passwd',
  '%2e%2e%2fetc%2fpasswd',
  `${'../'.repeat(9)}etc/passwd`,
  `${randomUUID()}/../../x`,
  `${randomUUID()}\0.pdf`,
  `${randomUUID()}\n`,
  '',
  '.',
  '~',
  'con',
  "'; DROP TABLE documents; --",
];

let app: App;
let serve: ServePort;
const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-rpc-'));
beforeAll(async () => {
  app = await createApp({
    dataDir: dir,
    modelPath: join(dir, 'no-model.gguf'),
    modelHash: 'none',
    modelTitle: 'Fake model',
    modelLicence: 'none',
    grants: [],
    startEngine: () => fakeEngine({ pieces: ['x'] }),
  });
  serve = rpcPorts(app);
});
afterAll(async () => {
  await app.close();
  rmSync(dir, { recursive: true, force: true });
});
const open: FakePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

type Call = (input?: unknown, options?: { signal: AbortSignal }) => Promise<unknown>;

/** A window's end of a port that belongs to `frame`. */
function connect(frame: WebFrameMain = frameOf()) {
  const { port1, port2 } = new MessageChannelMain();
  open.push(port2);
  serve(port1 as unknown as MessagePortMain, frame);
  const client: unknown = createORPCClient(new RPCLink({ port: port2 }));
  port2.start();
  const call = ({ path }: Command): Call =>
    path.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], client) as Call;
  return { port: port2, call };
}

/** The code that a call failed with; undefined: it went well. A stream is looked at until its first event. */
async function codeOf(call: Call, input: unknown): Promise<string | undefined> {
  const stop = new AbortController();
  try {
    const output = await call(input, { signal: stop.signal });
    if (typeof output === 'object' && output !== null && Symbol.asyncIterator in output) {
      const events = output as unknown as AsyncIterator<unknown>;
      await events.next();
      void events.return?.().catch(() => {});
    }
    return undefined;
  } catch (error) {
    return error instanceof ORPCError ? error.code : `no code: ${String(error)}`;
  }
}

const closed = (port: FakePort) =>
  new Promise<boolean>((resolve) => {
    if (!port.isOpen) return resolve(true);
    port.once('close', () => resolve(true));
    setTimeout(() => resolve(false), 2000).unref();
  });

it('finds the commands of the contract', () => {
  expect(commands.length).toBeGreaterThan(20);
  expect(commands.map(({ name }) => name)).toContain('chats.create');
});

describe.each(commands)('$name', (command) => {
  it('is not answered for anybody but the window', async () => {
    const input = command.input && fitting(shapeOf(command.input));
    for (const [who, frame] of Object.entries(foreignFrames)) {
      if (frame === null) continue; // has no port to send with
      const { port, call } = connect(frame);
      const answered = vi.fn();
      port.on('message', answered);
      call(command)(input).catch(() => {});
      expect({ who, isClosed: await closed(port) }).toEqual({ who, isClosed: true });
      expect(answered).not.toHaveBeenCalled();
    }
  });

  it.runIf(command.input)('refuses values that do not fit its schema', async () => {
    const input = command.input as z.ZodType;
    const { call } = connect();
    const base = fitting(shapeOf(input)) as Record<string, unknown>;
    expect(input.safeParse(base).success).toBe(true);
    const required = shapeOf(input).required ?? [];
    const wrong: unknown[] = [null, 'text', 7, [], true];
    for (const key of Object.keys(shapeOf(input).properties ?? {})) {
      for (const value of [Number.NaN, -1e308, {}, [[]], 'x'.repeat(5000), () => 1])
        wrong.push({ ...base, [key]: value });
      if (required.includes(key)) wrong.push({ ...base, [key]: undefined });
    }
    const unfitting = wrong.filter((value) => !input.safeParse(JSON.parse(JSON.stringify(value) ?? 'null')).success);
    expect(unfitting.length).toBeGreaterThan(3);
    for (const value of unfitting) expect(await codeOf(call(command), value)).toBe('BAD_REQUEST');
  });

  it.runIf(command.input && idFields(shapeOf(command.input)).length > 0)('takes no path for an id', async () => {
    const shape = shapeOf(command.input as z.ZodType);
    const base = fitting(shape) as Record<string, unknown>;
    const { call } = connect();
    for (const key of idFields(shape)) {
      const { type, minItems = 1 } = shape.properties?.[key] ?? {};
      // A list has the hostile one among good ones.
      const withId = (id: string) =>
        type === 'array' ? [id, ...Array.from({ length: minItems - 1 }, () => randomUUID())] : id;
      for (const id of hostileIds) {
        const code = await codeOf(call(command), { ...base, [key]: withId(id) });
        // Either no id at all, or one that nobody was given.
        expect({ key, id, code }).toEqual({ key, id, code: expect.stringMatching(/^(BAD_REQUEST|DOC_MISSING)$/) });
      }
      const unknown = await codeOf(call(command), { ...base, [key]: withId(randomUUID()) });
      if (unknown !== undefined)
        expect({ key, unknown, isOurs: isErrorCode(unknown) && unknown !== 'INTERNAL' }).toEqual({
          key,
          unknown,
          isOurs: true,
        });
    }
  });
});

describe('the port', () => {
  it('serves the window, and its streams end with it', async () => {
    const { port, call } = connect();
    const list = commands.find(({ name }) => name === 'library.list') as Command;
    expect(await call(list)()).toEqual([]);
    const telemetry = commands.find(({ name }) => name === 'telemetry') as Command;
    const events = (await call(telemetry)()) as AsyncIterator<{ engine: { state: string } }>;
    expect((await events.next()).value.engine.state).toMatch(/starting|ready/);
    const watching = app.changes.listenerCount('change');
    port.close();
    await vi.waitFor(() => expect(app.changes.listenerCount('change')).toBeLessThan(watching));
  });

  it('closes when the frame that has it stops being the window', async () => {
    let isGone = false;
    const { port, call } = connect(frameOf({ isDestroyed: () => isGone }));
    const list = commands.find(({ name }) => name === 'library.list') as Command;
    expect(await call(list)()).toEqual([]);
    isGone = true;
    call(list)().catch(() => {});
    expect(await closed(port)).toBe(true);
  });

  const garbage = [
    null,
    7,
    {},
    { i: 1 },
    { i: 1, t: 1, p: {} },
    [],
    'no JSON',
    '{}',
    '[]',
    '{"i":1}',
    '{"i":1,"t":1,"p":{}}',
    '{"i":{},"t":99,"p":[]}',
    '{"i":"1","t":1,"p":{"u":"http://orpc/__proto__/toString"}}',
    new Uint8Array(8),
    'x'.repeat(1024 * 1024 + 1),
  ];
  it.each(garbage.map((message) => [message]))('survives garbage %#', async (message) => {
    const failures: unknown[] = [];
    const note = (error: unknown) => failures.push(error);
    process.on('unhandledRejection', note);
    const { port } = connect();
    port.postMessage(message);
    await new Promise((resolve) => setTimeout(resolve, 30));
    process.off('unhandledRejection', note);
    expect(failures).toEqual([]);
    const list = commands.find(({ name }) => name === 'library.list') as Command;
    expect(await connect().call(list)()).toEqual([]);
  });
});
