/** inspect, agree, check-vectors, fidelity and bench: their tables and their verdicts. */
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseSafetensors } from '../../electron/lab/safetensors.ts';
import {
  csvRows,
  jsonLines,
  output,
  run,
  sampleFacts,
  shortSample,
  smallModelFile,
  temporaryFile,
} from './run-command.ts';

describe('inspect', () => {
  it('shows the embedded model and its plan', async () => {
    const text = await output('inspect', [smallModelFile, '--tokens', '4000', '--budget', '512', '--device', 'cpu']);
    expect(text).toMatch(/^architecture +llama$/m);
    expect(text).toMatch(/^context +8,192 tokens$/m);
    expect(text).toMatch(/^total +[\d,]{9,}/m);
    expect(text).toMatch(/^[\d.]+ MB of RAM, [\d.]+ [MG]B free now: it fits\.$/m);
  });

  it('prints JSON whose parts add up, and more tokens need more', async () => {
    const plan = async (tokens: string, ...more: string[]) => {
      const [line] = jsonLines(
        await output('inspect', [smallModelFile, '--json', '--device', 'cpu', '--tokens', tokens, ...more]),
      );
      return line as {
        kv_bytes_per_token: number;
        plan: { bytes: Record<string, number>; fits: boolean; memory: object[] };
      };
    };
    const { kv_bytes_per_token, plan: small } = await plan('1000');
    expect(kv_bytes_per_token).toBe(23_040);
    const { total, ...parts } = small.bytes;
    // While the CPU computes there is one memory, whatever home of the document was chosen.
    expect(small.memory).toMatchObject([{ place: 'ram', needed_bytes: total, fits: true }]);
    expect((await plan('1000', '--home', 'host')).plan.memory).toHaveLength(1);
    expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBe(total);
    expect((await plan('8000')).plan.bytes.total).toBeGreaterThan(total ?? 0);
    const eight = await plan('8000', '--kv-type', 'q8_0');
    expect(eight.plan.bytes.document_kv).toBeLessThan(0.6 * ((await plan('8000')).plan.bytes.document_kv ?? 0));
    expect((await plan('16000000', '--mode', 'full')).plan.fits).toBe(false);
  });
});

describe('agree', () => {
  it('finds the engine and llama.cpp of one mind on the small model', async () => {
    const args = [smallModelFile, shortSample(), '--tokens', '150', '--device', 'cpu'];
    const [line] = jsonLines(await output('agree', [...args, '--itself', '--json']));
    type Distance = { kl_mean: number; kl_max: number; same_best: number };
    const found = line as Distance & { llama_itself: Distance };
    expect(found).toMatchObject({ architecture: 'llama', device: 'cpu', positions: 150 });
    // On this model the KL of llama.cpp with flash attention to itself without is .0034; twice that is allowed, for only 150 positions.
    for (const distance of [found, found.llama_itself]) {
      expect(distance.kl_mean).toBeGreaterThan(0);
      expect(distance.kl_mean).toBeLessThan(0.0068);
      expect(distance.kl_max).toBeGreaterThanOrEqual(distance.kl_mean);
      expect(distance.same_best).toBeGreaterThan(0.92);
    }
    expect(await output('agree', args)).toMatch(/150 positions\n.*mean [\d.e+-]+, greatest/);
  });
});

describe('check-vectors', () => {
  const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/vectors/${name}.safetensors`, import.meta.url));
  const names = ['group3-d64', 'group4-d128', 'odd-d96'];

  it('accepts what the reference made', async () => {
    const lines = jsonLines(await output('check-vectors', [...names.map(fixture), '--json']));
    expect(lines.map((line) => line.ok)).toEqual([true, true, true]);
    expect(lines[0]).toMatchObject({ device: 'cpu', gather_mismatches: 0 });
  });

  /** The fixture with one tensor changed. */
  function changed(name: string, change: (bytes: Buffer, width: number) => void): string {
    const file = readFileSync(fixture('group3-d64'));
    const tensor = parseSafetensors(file).tensors.get(name);
    if (!tensor) throw new Error(name);
    change(tensor.bytes, tensor.shape.at(-1) ?? 0); // the bytes are a view into `file`, which changes with them
    return temporaryFile(`changed-${name}.safetensors`, file);
  }

  /** Replaces the last number of the first row by the smallest one that is not in that row. */
  function replaceOne(bytes: Buffer, width: number): void {
    const row = Array.from({ length: width }, (_, i) => bytes.readInt32LE(4 * i));
    const absent = row.findIndex((_, i) => !row.includes(i));
    const next = [...row.slice(0, -1), absent].sort((a, b) => a - b);
    for (const [i, value] of next.entries()) bytes.writeInt32LE(value, 4 * i);
  }

  it.each([
    ['stage1_indices', 'stage1_mismatches'],
    ['decode_top_k', 'top_k_mismatches'],
    ['decode_top_r', 'top_r_mismatches'],
  ])('finds a wrong index in %s', async (name, field) => {
    const { code, stdout } = await run('check-vectors', [changed(name, replaceOne), '--json']);
    expect(jsonLines(stdout)[0]?.[field]).toBeGreaterThan(0);
    expect(code).toBe(1);
  });

  it('finds a wrong output', async () => {
    const file = changed('decode_out', (bytes) => bytes.writeFloatLE(bytes.readFloatLE(40) + 0.01, 40));
    const { code, stdout } = await run('check-vectors', [file]);
    expect(stdout).toContain('MISMATCH');
    expect(code).toBe(1);
  });

  it('finds a wrong derived parameter', async () => {
    const text = readFileSync(fixture('group3-d64')).toString('latin1');
    const file = text.replace(
      /"capacity_budget":"(\d)/,
      (_, digit: string) => `"capacity_budget":"${(Number(digit) % 9) + 1}`,
    );
    const { code, stdout } = await run('check-vectors', [
      temporaryFile('capacity.safetensors', Buffer.from(file, 'latin1')),
    ]);
    expect(stdout).toContain('parameter capacity_budget');
    expect(code).toBe(1);
  });
});

describe('fidelity', () => {
  const facts = sampleFacts().slice(0, 2);
  const questions = () => temporaryFile('facts.txt', facts.map((fact) => `${fact.question}|${fact.answer}`).join('\n'));

  it('measures modes against full KV; a budget beyond the text is full KV', async () => {
    const args = [shortSample(), '--questions', questions(), '--csv', '--max-new', '16'];
    const rows = csvRows(await output('fidelity', [...args, '--budgets', '64,8192', '--modes', 'rocketkv,snapkv']));
    expect(rows.map((row) => `${row.mode} ${row.budget}`)).toEqual([
      'rocketkv 64',
      'rocketkv 8192',
      'snapkv 64',
      'snapkv 8192',
    ]);
    for (const row of rows) {
      expect(Number(row.positions)).toBeGreaterThan(2);
      expect(row.questions).toBe('2');
      if (row.budget === '8192') {
        expect(Number(row.kl_mean)).toBeLessThan(1e-6);
        expect(row.top1).toBe('1');
        expect(row.right).toBe(row.full_right);
      } else expect(Number(row.kl_mean)).toBeGreaterThan(0);
    }
    const [small, , rows64] = rows;
    expect(Number(small?.stored_bytes)).toBeGreaterThan(0);
    expect(Number(small?.read_bytes)).toBeLessThan(Number(rows64?.read_bytes)); // stage 2 reads fewer than all kept rows
  });

  it('compares presets in one run, with the weights as floats; what a mode does not use makes no row', async () => {
    const args = [shortSample(), '--questions', questions(), '--csv', '--max-new', '16', '--budgets', '64'];
    const presets = ['--preset', 'paper,coded', '--modes', 'rocketkv,snapkv,exact-topk'];
    const rows = csvRows(await output('fidelity', [...args, ...presets, '--float-weights', '--no-answers']));
    expect(rows.map(({ mode, selector, pooling }) => [mode, selector, pooling].join(' '))).toEqual([
      'rocketkv pages max',
      'rocketkv codes triangle',
      'snapkv  max',
      'snapkv  triangle',
      'exact-topk  ',
    ]);
    const [paper, coded] = rows;
    expect(Number(coded?.capacity)).toBeGreaterThan(Number(paper?.capacity));
    expect(Number(coded?.read_bytes)).toBeLessThanOrEqual(Number(paper?.read_bytes));
    expect(Number(coded?.stored_bytes)).toBeLessThanOrEqual(0.85 * Number(paper?.stored_bytes));
  });

  it('asks for many records: all, some, and how many', async () => {
    const args = [
      shortSample(),
      '--task',
      'extraction',
      '--records',
      '4',
      '--csv',
      '--max-new',
      '24',
      '--budgets',
      '64,8192',
    ];
    const rows = csvRows(await output('fidelity', [...args, '--modes', 'rocketkv']));
    expect(rows.map(({ task, mode, budget }) => `${task} ${mode} ${budget}`)).toEqual(
      ['list', 'filter', 'count'].flatMap((task) => [`${task} full `, `${task} rocketkv 64`, `${task} rocketkv 8192`]),
    );
    for (const row of rows) {
      expect(row.expected).toBe(row.task === 'filter' ? '1' : '4');
      const full = rows.find(({ task, mode }) => task === row.task && mode === 'full');
      if (row.budget !== '8192') continue;
      // Full KV in all but name: the same answer.
      for (const name of ['listed', 'found', 'precision', 'recall', 'number']) expect(row[name]).toBe(full?.[name]);
      expect(row.found_of_full).toBe(row.full_found);
      expect(Number(row.kl_mean)).toBeLessThan(1e-6);
    }
    expect(Number(rows[1]?.kl_mean)).toBeGreaterThan(0);
  });

  it('says which budget cannot hold the codes of every row, and measures the rest', async () => {
    const args = [shortSample(), '--questions', questions(), '--csv', '--max-new', '16', '--budgets', '16,256'];
    const { stdout, stderr } = await run('fidelity', [...args, '--modes', 'hsa', '--preset', 'coded']);
    expect(csvRows(stdout).map((row) => row.budget)).toEqual(['256']);
    expect(stderr).toContain('Not measured: hsa 16 codes: token_budget is 16;');
  });
});

/**
 * Stands in for llama-bench: it takes the real one's options, refuses any other, and writes lines in the real one's form, with
 * numbers that are computed from the options.
 */
const sayingLlamaBench = `#!${process.execPath}
const { existsSync } = require('node:fs');
const known = { '-m': '', '-fa': '1', '-ctk': 'q8_0', '-ctv': 'q8_0', '-r': '2', '-ngl': '0', '-t': '', '-p': '', '-n': '', '-d': '0', '-o': 'jsonl' };
const given = { ...known };
const args = process.argv.slice(2);
for (let i = 0; i < args.length; i += 2) {
  if (!(args[i] in known)) { console.error('error: invalid parameter for argument: ' + args[i]); process.exit(1); }
  given[args[i]] = args[i + 1];
}
for (const name of ['-fa', '-ctk', '-ctv', '-r', '-ngl', '-o'])
  if (given[name] !== known[name]) { console.error('wrong ' + name + ' ' + given[name]); process.exit(1); }
if (!existsSync(given['-m']) || !(Number(given['-t']) > 0) || process.env.CUDA_VISIBLE_DEVICES !== '') { console.error('wrong model, threads or device'); process.exit(1); }
const numbers = (name) => given[name].split(',').map(Number);
const say = (n_prompt, n_gen, n_depth, speed) =>
  console.log(JSON.stringify({ build_commit: 'abc', gpu_info: '', n_prompt, n_gen, n_depth, avg_ns: 5, avg_ts: speed + 9, samples_ns: [4, 6], samples_ts: [speed - 1, speed + 1] }));
for (const n_depth of numbers('-d'))
  for (const n_prompt of numbers('-p')) if (n_prompt > 0) say(n_prompt, 0, n_depth, 1000 + n_prompt);
for (const n_depth of numbers('-d'))
  for (const n_gen of numbers('-n')) if (n_gen > 0) say(0, n_gen, n_depth, 100 + n_depth);
`;

describe('bench', () => {
  it('prints a row for each engine, mode and depth', async () => {
    const text = await output('bench', ['--depths', '0,96', '--rounds', '1', '--max-new', '8', '--csv']);
    const rows = csvRows(text);
    expect(rows.map((row) => `${row.engine} ${row.mode} ${row.depth}`)).toEqual(
      ['0', '96'].flatMap((depth) =>
        ['rocketdoc full', 'rocketdoc rocketkv', 'llama.cpp flash', 'llama.cpp plain'].map(
          (name) => `${name} ${depth}`,
        ),
      ),
    );
    for (const row of rows) {
      expect(Number(row.decode_tok_s)).toBeGreaterThan(0);
      expect(Number(row.peak_rss_bytes)).toBeGreaterThan(50e6);
      expect(row.prefill_tok_s === '').toBe(row.depth === '0');
      expect(row).toMatchObject({ weights: 'q4_1', peak_vram_bytes: '', plan_vram_bytes: '', home: '' });
      expect(row.stage1_ms === '').toBe(row.engine === 'llama.cpp');
    }
  });

  it('measures beside a load', async () => {
    const tiny = ['--shape', 'tiny', '--depths', '0,64', '--modes', 'full', '--rounds', '1', '--max-new', '4', '--csv'];
    const rows = csvRows(await output('bench', [...tiny, '--beside', 'engine']));
    expect(rows.map(({ mode, depth, beside }) => [mode, depth, beside])).toEqual([
      ['full', '0', 'engine'],
      ['full', '64', 'engine'],
    ]);
    for (const row of rows) {
      expect(Number(row.decode_ratio)).toBeGreaterThan(0);
      expect(row.prefill_ratio === '').toBe(row.depth === '0');
    }
    const { code, stderr } = await run('bench', [...tiny, '--beside', 'exit 3']);
    expect(code).toBe(2);
    expect(stderr).toContain('"exit 3" ended with exit code 3 before the measurement did.');
  });

  it('measures random weights without a vocabulary, the same each time, and leaves no file behind', async () => {
    const kept = ['a', 'b'].map((name) => temporaryFile(`${name}.gguf`, ''));
    const shape = ['--shape', 'tiny', '--weights', 'q8_0', '--rounds', '1', '--max-new', '8', '--csv'];
    const work = ['--depths', '0,300', '--modes', 'full,rocketkv-mt', '--budgets', '64,128'];
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('rocketdoc-bench-'));
    const before = left();
    const { code, stdout, stderr } = await run('bench', [...shape, ...work]);
    expect(code).toBe(0);
    expect(left()).toEqual(before);
    expect(stderr).toContain('llama.cpp is left out');
    const rows = csvRows(stdout);
    expect(rows.map(({ mode, budget, depth }) => `${mode} ${budget} ${depth}`)).toEqual(
      ['0', '300'].flatMap((depth) => ['full ', 'rocketkv-mt 64', 'rocketkv-mt 128'].map((name) => `${name} ${depth}`)),
    );
    for (const row of rows) {
      expect(row).toMatchObject({ model: 'tiny shape', weights: 'q8_0', engine: 'rocketdoc' });
      expect(Number(row.decode_tok_s)).toBeGreaterThan(0);
    }
    // Of the same text each row takes more than the one before: full KV, and the document's KV with a compact cache of either budget.
    const bytes = rows.filter(({ depth }) => depth === '300').map((row) => Number(row.kv_bytes));
    expect(bytes[1]).toBeGreaterThan(bytes[0] ?? 0);
    expect(bytes[2]).toBeGreaterThan(bytes[1] ?? 0);
    for (const file of kept) await output('bench', [...shape, '--depths', '0', '--modes', 'full', '--write', file]);
    const [one, other] = kept.map((file) => readFileSync(file));
    expect(one?.length).toBeGreaterThan(1e6);
    expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
  });

  it.each([
    ['tiny-gemma', 'q4_K', 'tiny Gemma shape'],
    ['tiny-gemma4', 'q4_K', 'tiny Gemma 4 shape'], // heads of two sizes, keys that are values
    ['tiny-experts', 'q4_K', 'tiny shape of experts'],
    ['tiny-gpt-oss', 'q8_0', 'tiny gpt-oss shape'], // its experts have a type of their own
    ['tiny-qwen3.5', 'q4_K', 'tiny Qwen3.5 shape'], // three layers of four are recurrent
  ])('measures the shape %s', async (shape, weights, model) => {
    const args = ['--shape', shape, '--weights', weights, '--depths', '300', '--modes', 'full,rocketkv', '--csv'];
    const rows = csvRows(await output('bench', [...args, '--budgets', '64', '--rounds', '1', '--max-new', '4']));
    expect(rows.map(({ mode }) => mode)).toEqual(['full', 'rocketkv']);
    for (const row of rows) {
      expect(row).toMatchObject({ model, weights });
      expect(Number(row.decode_tok_s)).toBeGreaterThan(0);
    }
  });

  it('says how soon cancels are seen', async () => {
    const args = ['--shape', 'tiny', '--depths', '500', '--cancels', '3', '--csv'];
    const rows = csvRows(await output('bench', args));
    expect(rows.map(({ phase, depth, cancels }) => [phase, depth, cancels])).toEqual([
      ['prefill', '500', '3'],
      ['decode', '500', '3'],
    ]);
    for (const row of rows) expect(Number(row.p50_ms)).toBeLessThanOrEqual(Number(row.max_ms));
  });

  it('puts what llama-bench measures on the same file into the same table', async () => {
    const program = temporaryFile('llama-bench', sayingLlamaBench);
    chmodSync(program, 0o755);
    const args = ['--shape', 'tiny', '--depths', '0,300', '--modes', 'full', '--rounds', '2', '--max-new', '8'];
    const rows = csvRows(await output('bench', [...args, '--kv-type', 'q8_0', '--llama-bench', program, '--csv']));
    const theirs = rows.filter(({ engine }) => engine === 'llama.cpp');
    // The stand-in's numbers are 1000 + the tokens read, and 100 + the tokens before the generated ones.
    expect(
      theirs.map(({ mode, depth, prefill_tok_s, decode_tok_s }) => [mode, depth, prefill_tok_s, decode_tok_s]),
    ).toEqual([
      ['llama.cpp', '0', '', '100'],
      ['llama.cpp', '300', '1300', '400'],
    ]);
    expect(theirs[0]).toMatchObject({ model: 'tiny shape', weights: 'q4_K', kv_bytes: '', first_token_ms: '' });
  });
});
