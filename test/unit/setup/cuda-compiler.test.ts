/** Which machines get NVIDIA's compiler, in which way, and what is said where it cannot be had. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseCompiler, chooseWay, provideCompiler } from '../../../electron/setup/cuda-compiler.mjs';
import { root } from '../../../electron/setup/paths.mjs';
import { StepError } from '../../../electron/setup/run-step.mjs';

type Machine = Parameters<typeof chooseWay>[0];
type Actions = Parameters<typeof provideCompiler>[3];
type Purpose = Parameters<typeof chooseCompiler>[1];

const driver = '/dev/nvidia0';
const pip = 'python3 -m pip --version';
const venv = 'python3 -c import ensurepip, venv';
const python = 'python3 --version';
const caps = 'nvidia-smi --query-gpu=compute_cap --format=csv,noheader';

/** A Linux machine with these files, and with programs that print these texts. */
function machine(files: string[], programs: Record<string, string> = {}, more: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    arch: 'x64',
    env: { PATH: '/usr/bin' },
    exists: (path) => files.includes(path),
    debianRoot: false,
    run: (command, args) => programs[[command, ...args].join(' ')],
    ...more,
  };
}

const nothing = { isInstalled: false, hasFailed: false };

describe('the compiler of the GPU kernels', () => {
  it('is not looked for by the app without a driver', () => {
    const withToolkit = machine(['/usr/local/cuda/bin/nvcc']);
    expect(chooseCompiler(withToolkit, 'app', nothing)).toEqual({ kind: 'none' });
    expect(chooseCompiler(withToolkit, 'gpu', nothing)).toMatchObject({ kind: 'found' });
    expect(chooseCompiler(machine([]), 'gpu', nothing)).toEqual({ kind: 'none' });
  });

  it.each([
    ['CUDACXX', { CUDACXX: '/x/nvcc' }, [], '/x/nvcc'],
    ['PATH', { PATH: '/a:/b' }, ['/b/nvcc'], '/b/nvcc'],
    ['CUDA_PATH', { CUDA_PATH: '/c' }, ['/c/bin/nvcc', '/usr/local/cuda/bin/nvcc'], '/c/bin/nvcc'],
    ['its usual place', {}, ['/usr/local/cuda/bin/nvcc'], '/usr/local/cuda/bin/nvcc'],
  ])('is the one that %s names', (_, env, files, nvcc) => {
    const found = chooseCompiler(machine([driver, ...files], {}, { env }), 'app', { ...nothing, isInstalled: true });
    expect(found).toEqual({ kind: 'found', nvcc });
  });

  it('is fetched where a driver is and no nvcc, and by the tests; once', () => {
    const smi = machine(['/usr/bin/nvidia-smi']);
    for (const [computer, purpose] of [
      [machine([driver]), 'app'],
      [smi, 'app'],
      [smi, 'gpu'],
      [machine([]), 'test'],
    ] as [Machine, Purpose][]) {
      expect(chooseCompiler(computer, purpose, nothing)).toEqual({ kind: 'install' });
      expect(chooseCompiler(computer, purpose, { ...nothing, isInstalled: true })).toMatchObject({
        kind: 'found',
        nvcc: expect.stringMatching(/nvidia.cu13.bin.nvcc$/),
      });
    }
  });

  it('is not tried for at every start once it failed; the tests try again', () => {
    const failed = { ...nothing, hasFailed: true };
    expect(chooseCompiler(machine([driver]), 'app', failed)).toEqual({ kind: 'none' });
    expect(chooseCompiler(machine([driver]), 'test', failed)).toEqual({ kind: 'install' });
    expect(chooseCompiler(machine([], {}, { platform: 'darwin' }), 'test', failed)).toEqual({ kind: 'none' });
  });

  it('comes by pip, else by a virtual environment', () => {
    expect(chooseWay(machine([], { [python]: '', [pip]: '', [venv]: '' }))).toEqual({ kind: 'pip', python: 'python3' });
    expect(chooseWay(machine([], { [python]: '', [venv]: '' }))).toEqual({ kind: 'venv', python: 'python3' });
    expect(chooseWay(machine([], { [python]: '' }))).toMatchObject({ kind: 'cannot', why: /no pip/ });
    expect(chooseWay(machine([]))).toMatchObject({ kind: 'cannot', why: /nor Python 3/ });
    for (const other of [{ platform: 'win32' }, { arch: 'riscv64' }] as const)
      expect(chooseWay(machine([], { [python]: '', [pip]: '' }, other))).toMatchObject({
        kind: 'cannot',
        remedy: 'Install the CUDA Toolkit 13.0 from NVIDIA',
      });
  });

  it('is pinned, with a hash for each of the two systems', () => {
    const text = readFileSync(join(root, 'electron', 'setup', 'cuda-compiler.txt'), 'utf8');
    const packages = text.split(/^(?=nvidia-)/m).slice(1);
    expect(packages).toHaveLength(5);
    for (const one of packages) {
      expect(one).toMatch(/^nvidia-[\w-]+==13\.0\.\d+ /);
      expect(new Set(one.match(/sha256:[0-9a-f]{64}\b/g)).size).toBe(2);
    }
  });
});

describe('fetching it', () => {
  /** The actions on `computer`, in order. */
  async function provide(computer: Machine, purpose: Purpose, over: Partial<Actions> = {}) {
    const log: string[] = [];
    const nvcc = await provideCompiler(computer, purpose, chooseCompiler(computer, purpose, nothing), {
      say: (line) => log.push(`say ${line}`),
      installDebianPackages: async (packages) => void log.push(`apt ${packages}`),
      fetchCompiler: async ({ kind }) => {
        log.push(`fetch ${kind}`);
        return '/cache/nvcc';
      },
      noteFailure: () => log.push('failed'),
      ...over,
    }).catch((error: unknown) => {
      if (!(error instanceof StepError)) throw error;
      log.push(`stop ${error.message}`);
    });
    return { nvcc, log };
  }

  it('is announced with its size and what it is for', async () => {
    const { nvcc, log } = await provide(machine([driver], { [python]: '', [pip]: '' }), 'app');
    expect(nvcc).toBe('/cache/nvcc');
    expect(log).toEqual([expect.stringMatching(/^say There is an NVIDIA driver.* 104 MB/), 'fetch pip']);
    const tests = await provide(machine([], { [python]: '', [venv]: '' }, { arch: 'arm64' }), 'test');
    expect(tests.log).toEqual([expect.stringMatching(/^say The tests compile .* 97 MB/), 'fetch venv']);
  });

  it('without Python, without pip, without a connection: a sentence, and the CPU', async () => {
    const noConnection = { fetchCompiler: () => Promise.reject(new StepError('pip failed')) };
    const missing = 'sudo apt-get install python3-venv';
    for (const [programs, over, remedy] of [
      [{}, {}, missing],
      [{ [python]: '' }, {}, missing],
      [{ [python]: '', [pip]: '' }, noConnection, 'Connect to the internet'],
    ] as [Record<string, string>, Partial<Actions>, string][]) {
      const { nvcc, log } = await provide(machine([driver], programs), 'app', over);
      expect(nvcc).toBeUndefined();
      expect(log).toContain('failed');
      expect(log.at(-1)).toMatch(
        /^say The GPU kernels are not compiled: .* computes on the CPU\. .*npm run build:native$/,
      );
      expect(log.at(-1)).toContain(remedy);
    }
  });

  it('installs what pip needs where packages can be installed', async () => {
    const programs: Record<string, string> = { [python]: '' };
    const over: Partial<Actions> = {
      installDebianPackages: async (packages) => {
        expect(packages).toEqual(['python3-venv']);
        programs[venv] = '';
      },
    };
    const { nvcc } = await provide(machine([], programs, { debianRoot: true }), 'test', over);
    expect(nvcc).toBe('/cache/nvcc');
    const refused = { installDebianPackages: () => Promise.reject(new StepError('apt-get failed')) };
    const { log } = await provide(machine([driver], {}, { debianRoot: true }), 'app', refused);
    expect(log).toEqual(['failed', expect.stringContaining('sudo apt-get install python3-venv')]);
  });

  it('is not done for a card that CUDA 13 does not know', async () => {
    const ready = { [python]: '', [pip]: '' };
    const old = await provide(machine([driver], { ...ready, [caps]: '6.1\n7.0\n' }), 'app');
    expect(old.log.join()).toMatch(/^failed,say .*7\.5 or newer .*CPU\.$/);
    const mixed = await provide(machine([driver], { ...ready, [caps]: '6.1\n12.0\n' }), 'app');
    expect(mixed.nvcc).toBe('/cache/nvcc');
  });

  it('must succeed for the tests on CI', async () => {
    const { log } = await provide(machine([], {}, { env: { CI: 'true' } }), 'test');
    expect(log.at(-1)).toMatch(/^stop The GPU kernels are not compiled: there is neither nvcc nor Python 3/);
    const elsewhere = await provide(machine([]), 'test');
    expect(elsewhere.log.at(-1)).toMatch(/^say /);
  });

  it('lets a fault of ours through', async () => {
    const over = { fetchCompiler: () => Promise.reject(new TypeError('ours')) };
    await expect(provide(machine([driver], { [python]: '', [pip]: '' }), 'app', over)).rejects.toThrow('ours');
  });
});
