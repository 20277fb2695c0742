import { existsSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError, toAppError } from '../../../electron/contract/errors.ts';
import { chooseDevice, findGpus, isDeviceSetting } from '../../../electron/engine-host/choose-device.ts';
import type { EngineClient, EngineVerbs } from '../../../electron/engine-host/engine-client.ts';

vi.mock('node:fs', async (original) => ({ ...(await original<typeof import('node:fs')>()), existsSync: vi.fn() }));

const hasDriver = (yes: boolean) => vi.mocked(existsSync).mockReturnValue(yes);

/** An engine host that answers only the probe, and records whether it was closed. */
function host(probe: () => Promise<unknown>) {
  const seen = { started: 0, closed: 0, asked: [] as unknown[] };
  const start = (): EngineClient => {
    seen.started++;
    const probeDevice = (input: unknown) => {
      seen.asked.push(input);
      return probe();
    };
    const close = async () => void seen.closed++;
    return { verbs: { probeDevice } as unknown as EngineVerbs, pid: 1, close };
  };
  return { seen, start };
}

const good = () => Promise.resolve({ name: 'a card', freeBytes: 1, totalBytes: 2 });

const inWords = (error: unknown) => toAppError(error).message;

describe('the device', () => {
  beforeEach(() => void hasDriver(true));

  it('is the first GPU when it can be used, and the host that tried it is gone', async () => {
    const { seen, start } = host(good);
    const first = { device: 'cuda:0', deviceReason: null };
    expect(await chooseDevice('auto', inWords, start)).toEqual({ ...first, mayUseCpu: true });
    expect(await chooseDevice('cuda:0', inWords, host(good).start)).toEqual(first);
    expect(seen).toEqual({ started: 1, closed: 1, asked: [{ device: 'cuda:0' }] });
  });

  it('is the CPU without a driver, and nothing is started to find out', async () => {
    hasDriver(false);
    const { seen, start } = host(good);
    expect(await chooseDevice('auto', inWords, start)).toEqual({
      device: 'cpu',
      deviceReason: 'No NVIDIA driver was found on this machine.',
    });
    expect(seen.started).toBe(0);
  });

  it('is the CPU when ggml aborts, with the line that says why', async () => {
    const words = 'The engine ended by SIGABRT.\nIt last said:\nsome line\nCUDA error: unsupported toolchain';
    const { seen, start } = host(() => Promise.reject(new AppError('ENGINE_CRASH', words)));
    const choice = await chooseDevice('auto', inWords, start);
    expect(choice.device).toBe('cpu');
    expect(choice.deviceReason).toContain('CUDA error: unsupported toolchain');
    expect(seen.closed).toBe(1);
  });

  it('is an error when it was named and cannot be used', async () => {
    const { start } = host(() => Promise.reject(new AppError('GPU_NONE', 'There is no CUDA device 3.')));
    await expect(chooseDevice('cuda:3', inWords, start)).rejects.toMatchObject({ code: 'GPU_NONE' });
    const crashing = host(() => Promise.reject(new AppError('ENGINE_CRASH', 'gone')));
    await expect(chooseDevice('cuda:0', inWords, crashing.start)).rejects.toMatchObject({ code: 'GPU_FAULT' });
  });

  it('is the CPU at once when it was named', async () => {
    const { seen, start } = host(good);
    expect(await chooseDevice('cpu', inWords, start)).toEqual({ device: 'cpu', deviceReason: null });
    expect(seen.started).toBe(0);
  });

  it('has a name of a closed form', () => {
    for (const name of ['auto', 'cpu', 'cuda:0', 'cuda:12']) expect(isDeviceSetting(name)).toBe(true);
    for (const name of ['', 'cuda', 'cuda:-1', 'cuda:x', 'cpu ', 'vulkan:0']) expect(isDeviceSetting(name)).toBe(false);
  });
});

describe('all GPUs', () => {
  beforeEach(() => void hasDriver(true));

  it('are tried out one by one, each in a host that is gone after', async () => {
    let asked = 0;
    const { seen, start } = host(() => {
      const number = asked++;
      if (number === 1) return Promise.reject(new AppError('ENGINE_CRASH', 'gone\nCUDA error: too old'));
      if (number === 3) return Promise.reject(new AppError('GPU_NONE', 'There is no CUDA device 3.'));
      return Promise.resolve({ name: `card ${number}`, freeBytes: 1, totalBytes: 2 });
    });
    const { gpus, reason } = await findGpus(inWords, start);
    expect(gpus.map(({ device, name, failure }) => [device, name, failure === null])).toEqual([
      ['cuda:0', 'card 0', true],
      ['cuda:1', 'GPU 1', false],
      ['cuda:2', 'card 2', true],
    ]);
    expect(gpus[1]?.failure).toContain('CUDA error: too old');
    expect(reason).toBeNull();
    expect([seen.started, seen.closed]).toEqual([4, 4]);
  });

  it('are none without a driver, or where CUDA does not load, and the reason is said', async () => {
    const broken = host(() => Promise.reject(new AppError('GPU_NONE', 'ggml’s CUDA library does not load.')));
    expect(await findGpus(inWords, broken.start)).toEqual({ gpus: [], reason: 'ggml’s CUDA library does not load.' });
    hasDriver(false);
    const { seen, start } = host(good);
    expect(await findGpus(inWords, start)).toEqual({ gpus: [], reason: 'No NVIDIA driver was found on this machine.' });
    expect(seen.started).toBe(0);
  });
});
