/** Each command of the window's contract over a port like Electron's. The contract is walked, so new commands are tested too. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { type AppHost, createAppHost } from '../../../../electron/app-host/create-app-host.ts';
import { type ServePort, windowPorts } from '../../../../electron/app-host/window-api/window-port.ts';
import { maxMessageBytes, maxQuestionUnits } from '../../../../electron/contract/app.ts';
import { isErrorCode } from '../../../../electron/contract/errors.ts';
import {
  type Command,
  callOf,
  codeOf,
  commands,
  fitting,
  hostileIds,
  idPlaces,
  shapeOf,
  watchedApp,
  withAt,
  wrongInputs,
} from '../../../fixtures/app-commands.ts';
import { embeddedPlace } from '../../../fixtures/app-server.ts';
import { fakeEngine } from '../../../fixtures/fake-engine.ts';
import { waitFor } from '../../../fixtures/wait-for.ts';
import { type FakePort, MessageChannelMain } from '../../main/fake-electron.ts';

let app: AppHost;
let serve: ServePort;
let touched: string[] = [];
const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-rpc-'));
beforeAll(async () => {
  app = await createAppHost({
    dataDir: dir,
    embedded: [embeddedPlace(join(dir, 'no-model.gguf'), 'Fake model')],
    grants: [],
    startEngine: () => fakeEngine({ pieces: ['x'] }),
  });
  const watched = watchedApp(app);
  touched = watched.touched;
  serve = windowPorts(watched.app);
});
afterAll(async () => {
  await app.close();
  rmSync(dir, { recursive: true, force: true });
});
const open: FakePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** A client on the window's end of a port. */
function connect() {
  const { port1, port2 } = new MessageChannelMain();
  open.push(port2);
  const close = serve(port1);
  const client: unknown = createORPCClient(new RPCLink({ port: port2 }));
  port2.start();
  const call = (command: Command) => callOf(client, command);
  return { port: port2, call, close };
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
  it.runIf(command.input)('refuses values that do not fit its schema, and does nothing', async () => {
    const input = command.input as z.ZodType;
    expect(input.safeParse(fitting(shapeOf(input))).success).toBe(true);
    const wrong = wrongInputs(input);
    expect(wrong).toHaveLength(100);
    const { call } = connect();
    touched.length = 0;
    for (const value of wrong) {
      const code = await codeOf(call(command), value);
      expect({ value, code }).toEqual({ value, code: 'BAD_REQUEST' });
    }
    expect(touched).toEqual([]);
  });

  it.runIf(command.input && idPlaces(shapeOf(command.input)).length > 0)('takes no path for an id', async () => {
    const input = command.input as z.ZodType;
    const base = fitting(shapeOf(input));
    const { call } = connect();
    for (const place of idPlaces(shapeOf(input))) {
      touched.length = 0;
      for (const id of hostileIds) {
        const value = withAt(base, place, id);
        expect({ place, id, fits: input.safeParse(value).success }).toEqual({ place, id, fits: false });
        expect(await codeOf(call(command), value)).toBe('BAD_REQUEST');
      }
      expect(touched).toEqual([]);
      // An unknown id is refused with one of the app's own codes.
      const unknown = await codeOf(call(command), withAt(base, place, randomUUID()));
      const isOurs = unknown === undefined || (isErrorCode(unknown) && unknown !== 'INTERNAL');
      expect({ place, unknown, isOurs }).toEqual({ place, unknown, isOurs: true });
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
    await waitFor(() => expect(app.changes.listenerCount('change')).toBeLessThan(watching));
  });

  it('closes when main says so, and answers nothing more', async () => {
    const { port, call, close } = connect();
    const list = commands.find(({ name }) => name === 'library.list') as Command;
    expect(await call(list)()).toEqual([]);
    const answered = vi.fn();
    port.on('message', answered);
    call(list)().catch(() => {});
    close();
    expect(await closed(port)).toBe(true);
    expect(answered).not.toHaveBeenCalled();
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
    'x'.repeat(maxMessageBytes + 1),
  ];
  it('carries the longest question, in letters that take three bytes each', async () => {
    const { port, call } = connect();
    const create = commands.find(({ name }) => name === 'countTokens') as Command;
    const lost = vi.fn();
    port.on('close', lost);
    // There is no model here to count with; the test is that the longest question arrives.
    await Promise.resolve(call(create)({ text: '漢'.repeat(maxQuestionUnits) })).catch(() => {});
    const list = commands.find(({ name }) => name === 'library.list') as Command;
    expect(await call(list)()).toEqual([]);
    expect(lost).not.toHaveBeenCalled();
  });

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
