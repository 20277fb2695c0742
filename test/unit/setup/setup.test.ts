/** Set-up of a clone: when something counts as stale, who may build, and what is said when tools are missing. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkIncludes, wrongIncludes, wrongWords } from '../../../electron/setup/include-rules.mjs';
import { lastLines, lockIsStale, runLogged, StepError, withLock } from '../../../electron/setup/run-step.mjs';
import { filesBelow, hashOf, isFresh, lockIsInstalled, writeStamp } from '../../../electron/setup/staleness.mjs';
import { ctestCounts, sum, vitestCounts } from '../../../electron/setup/test-counts.mjs';
import { missingTools, missingToolsMessage } from '../../../electron/setup/toolchain.mjs';
import { loadFailure } from '../../../native/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-'));
});

describe('staleness', () => {
  const hash = () =>
    hashOf(
      dir,
      filesBelow(dir, (name) => !name.startsWith('build')),
    );

  it('notices every change of a name or content, and nothing else', () => {
    writeFileSync(join(dir, 'a.cpp'), 'int a;');
    mkdirSync(join(dir, 'sub'));
    writeFileSync(join(dir, 'sub', 'b.h'), 'int b;');
    const before = hash();
    utimesSync(join(dir, 'a.cpp'), new Date(), new Date(0));
    mkdirSync(join(dir, 'build'));
    writeFileSync(join(dir, 'build', 'x.o'), 'x');
    expect(hash()).toBe(before);
    writeFileSync(join(dir, 'a.cpp'), 'int a; ');
    const changed = hash();
    expect(changed).not.toBe(before);
    writeFileSync(join(dir, 'c.cpp'), '');
    expect(hash()).not.toBe(changed);
    expect(hashOf(dir, [], ['v1'])).not.toBe(hashOf(dir, [], ['v2']));
  });

  it('is remembered by a stamp', () => {
    const stamp = join(dir, 'deep', 'stamp');
    expect(isFresh(stamp, 'abc')).toBe(false);
    writeStamp(stamp, 'abc');
    expect(isFresh(stamp, 'abc')).toBe(true);
    expect(isFresh(stamp, 'abd')).toBe(false);
  });

  it('compares what npm installed with the lock', () => {
    const lock = (packages: unknown) => JSON.stringify({ packages });
    const wanted = lock({ '': {}, a: { version: '1.0.0' }, b: { version: '2.0.0', optional: true } });
    expect(lockIsInstalled(wanted, lock({ a: { version: '1.0.0' } }))).toBe(true);
    expect(lockIsInstalled(wanted, lock({ a: { version: '1.0.1' } }))).toBe(false);
    expect(lockIsInstalled(wanted, lock({ b: { version: '2.0.0' } }))).toBe(false);
    expect(lockIsInstalled(wanted, lock({ a: { version: '1.0.0' }, b: { version: '1.9.0' } }))).toBe(false);
    expect(lockIsInstalled(wanted, undefined)).toBe(false);
    expect(lockIsInstalled(wanted, '{')).toBe(false);
  });
});

describe('the lock', () => {
  it('lets one work at a time', async () => {
    const lock = join(dir, 'lock');
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name}+`);
      await new Promise((resolve) => setTimeout(resolve, 30));
      log.push(`${name}-`);
    };
    await Promise.all([withLock(lock, work('a')), withLock(lock, work('b'))]);
    expect(log.join(' ')).toMatch(/^(a\+ a- b\+ b-|b\+ b- a\+ a-)$/);
    expect(existsSync(lock)).toBe(false);
  });

  it('is released by a failure', async () => {
    const lock = join(dir, 'lock');
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(lock)).toBe(false);
  });

  it('of a dead process, or without an owner for long, is stale', async () => {
    const lock = join(dir, 'lock');
    expect(lockIsStale(lock)).toBe(false);
    mkdirSync(lock);
    expect(lockIsStale(lock)).toBe(false); // its owner may be about to write its name into it
    utimesSync(lock, new Date(), new Date(Date.now() - 10_000));
    expect(lockIsStale(lock)).toBe(true);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    expect(lockIsStale(lock)).toBe(false);
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.on('exit', resolve));
    writeFileSync(join(lock, 'pid'), String(child.pid));
    expect(lockIsStale(lock)).toBe(true);
    await withLock(lock, async () => {});
    expect(existsSync(lock)).toBe(false);
  });
});

describe('a step', () => {
  it('that fails shows the end of its log, not more', async () => {
    const log = join(dir, 'log');
    const script = "for (let i = 0; i < 100; i++) console.log('line ' + i); process.exit(4)";
    const failed = runLogged('The build', log, process.execPath, ['-e', script]);
    await expect(failed).rejects.toBeInstanceOf(StepError);
    await expect(failed).rejects.toThrow(/The build failed \(exit code 4\)[\s\S]*line 60\n[\s\S]*line 99/);
    await expect(failed).rejects.not.toThrow(/line 59\n/);
    expect(lastLines(log, 1)).toBe('line 99');
    expect(readFileSync(log, 'utf8')).toContain('line 0\n');
    rmSync(dir, { recursive: true });
  });

  it('whose program is missing says so', async () => {
    await expect(runLogged('It', join(dir, 'log'), 'no-such-program', [])).rejects.toThrow(/It failed .*ENOENT/);
  });
});

describe('the toolchain', () => {
  const machine = (programs: Record<string, string>) => (command: string) => programs[command];
  const whole = { cmake: 'cmake version 3.25.1', 'c++': 'gcc 12', make: 'GNU Make', git: 'git version 2' };

  it('is complete with cmake 3.24, a compiler, make or ninja, and git', () => {
    expect(missingTools(machine(whole))).toEqual([]);
    expect(missingTools(machine({ ...whole, make: '', ninja: '1.11' }))).toEqual([]);
  });

  it('names what is missing and how to get it', () => {
    const missing = missingTools(machine({ cmake: 'cmake version 3.18.4' }));
    const message = missingToolsMessage(missing, true);
    expect(message).toContain('CMake 3.18 is too old, 3.24 is needed');
    expect(message).toContain('sudo apt-get install cmake g++ make git');
    expect(missingToolsMessage(missing, false)).not.toContain('apt-get');
  });
});

describe('the addon that does not load', () => {
  it.each([
    [
      'libggml-base.so: cannot open shared object file: No such file or directory',
      /cannot find libggml-base/,
      'install-and-build',
    ],
    ['libgomp.so.1: cannot open shared object file: No such file', /system library libgomp\.so\.1/, undefined],
    [
      "libc.so.6: version `GLIBC_2.38' not found (required by rocketdoc.node)",
      /newer system \(GLIBC_2\.38\)/,
      'build-native',
    ],
    ['rocketdoc.node: invalid ELF header', /another kind of machine/, 'rebuild-native'],
    ['rocketdoc.node: undefined symbol: ggml_foo', /does not fit/, 'install-and-build'],
    ['something else', /could not be loaded: something else/, 'build-native'],
  ])('%s', (message, sentence, advice) => {
    expect(loadFailure(message)).toMatchObject({
      code: 'NATIVE_MISSING',
      message: expect.stringMatching(sentence),
      advice,
    });
  });
});

describe('C++ includes', () => {
  it.each([
    ['engine/model.cpp', '#include <napi.h>'],
    ['engine/model.cpp', '#include <cuda_runtime.h>'],
    ['rocketkv/stage1.cpp', '  #  include "ggml.h"'],
    ['rocketkv/stage1.cpp', '#include "../engine/model.h"'],
    ['kernels/top_k.cu', '#include "../rocketkv/params.h"'],
    ['binding/addon.cc', '#include "../kernels/kernels.h"'],
    ['binding/addon.cc', '#include "../device/device.h"'],
    ['binding/addon.cc', '#include "engine/model.h"'],
    ['engine/model.cpp', '#include "../lab/shape_model.h"'],
    ['lab/cuda_vectors.cpp', '#include <cuda_runtime.h>'],
    ['status.h', '#include <node_api.h>'],
    ['engine/prefill.cpp', '#include "../device/gpu/gpu_device.h"'],
    ['engine/prefill.cpp', '#include "../device/host_memory.h"'],
    ['engine/prefill.cpp', '#include "../kernels/kernels.h"'],
    ['arch/llama.cpp', '#include "../device/device.h"'],
    ['graph/layer_graph.cpp', '#include "../device/cuda/cuda_device.h"'],
    ['device/cpu/cpu_device.cpp', '#include "../../binding/job.h"'],
  ])('%s may not have %s', (file, text) => {
    expect(wrongIncludes(file, `#pragma once\n${text}\n`)).toHaveLength(1);
  });

  it.each([
    ['binding/addon.cc', '#include <napi.h>'],
    ['binding/js_convert.h', '#include "../engine/engine.h"'],
    ['binding/exports.cc', '#include "../error_codes.def"'],
    ['lab/addon.cc', '#include <napi.h>'],
    ['lab/vectors_functions.cc', '#include "binding/job.h"'],
    ['lab/cuda_vectors.h', '#include "device/cuda/cuda_device.h"'],
    ['engine/model.cpp', '#include "ggml-backend.h"'],
    ['engine/model.cpp', '#include "../rocketkv/params.h"'],
    ['kernels/top_k.cu', '#include "cuda_common.cuh"'],
    ['kernels/top_k.cu', '#include <cuda_runtime.h>'],
    ['engine/prefill.cpp', '#include "../device/device.h"'],
    ['graph/layer_graph.cpp', '#include "../device/device.h"'],
    ['device/cuda/cuda_device.cpp', '#include "../../kernels/kernels.h"'],
  ])('%s may have %s', (file, text) => {
    expect(wrongIncludes(file, text)).toEqual([]);
  });

  it.each([
    ['engine/model.cpp', '// asks CUDA for memory'],
    ['engine/model.cpp', 'bool on_cuda = false;'],
    ['arch/llama.cpp', '"cuda:0"'],
  ])('%s may not say %s', (file, text) => {
    expect(wrongWords(file, `first\n${text}\n`)).toEqual([expect.stringMatching(/^native\/.*:2 says cuda: /i)]);
  });

  it('devices may say what they are', () => {
    expect(wrongWords('device/cuda/cuda_device.cpp', 'CudaDevice')).toEqual([]);
    expect(wrongWords('engine/model.cpp', 'a GPU')).toEqual([]);
  });

  it('of the project were looked at', () => {
    expect(checkIncludes().wrong).toEqual([]);
    expect(checkIncludes().count).toBeGreaterThan(10);
  });
});

describe('counting tests', () => {
  it('reads the runners and never takes a broken run for a good one', () => {
    const vitest = (passed: number, failed: number, pending = 0) =>
      JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: pending });
    const counts = (passed: number, failed: number, skipped = 0) => ({ passed, failed, skipped });
    expect(vitestCounts(vitest(5, 0), 0)).toEqual(counts(5, 0));
    expect(vitestCounts(vitest(5, 2, 1), 1)).toEqual(counts(5, 2, 1));
    expect(vitestCounts(vitest(5, 0), 1)).toEqual(counts(5, 1)); // exit code 1 without a failed test: an unhandled error
    expect(vitestCounts(vitest(0, 0), 0)).toEqual(counts(0, 1));
    expect(vitestCounts(undefined, 1)).toEqual(counts(0, 1));
    expect(ctestCounts('90% tests passed, 1 tests failed out of 10', 8)).toEqual(counts(9, 1));
    expect(ctestCounts('100% tests passed, 0 tests failed out of 4', 0)).toEqual(counts(4, 0));
    expect(ctestCounts('No tests were found!!!', 8)).toEqual(counts(0, 1));
    expect(sum([counts(1, 2, 5), counts(3, 4, 6)])).toEqual(counts(4, 6, 11));
  });

  it('tells what ctest skipped from what passed', () => {
    const output = [
      '1/3 Test  #1: kernel_pool ......................***Skipped   0.02 sec',
      '2/3 Test #10: rocketkv_budgets_test ............   Passed    0.01 sec',
      '3/3 Test #16: engine_cuda_test .................***Skipped   0.01 sec',
      '100% tests passed, 0 tests failed out of 3',
    ].join('\n');
    expect(ctestCounts(output, 0)).toEqual({ passed: 1, failed: 0, skipped: 2 });
    // On a machine without a GPU every GPU test is skipped; that is not a broken run.
    expect(ctestCounts(output.replace('   Passed', '***Skipped'), 0)).toEqual({ passed: 0, failed: 0, skipped: 3 });
  });
});
