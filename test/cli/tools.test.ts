/** inspect, check-vectors, fidelity and bench: their tables and their verdicts. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseSafetensors } from '../../electron/engine-host/safetensors.ts';
import {
  csvRows,
  embeddedModelFile,
  jsonLines,
  output,
  run,
  sampleFacts,
  shortSample,
  temporaryFile,
} from './run-command.ts';

describe('inspect', () => {
  it('shows the embedded model and its plan', async () => {
    const text = await output('inspect', [embeddedModelFile, '--tokens', '4000', '--budget', '512']);
    expect(text).toMatch(/^architecture +llama$/m);
    expect(text).toMatch(/^context +8,192 tokens$/m);
    expect(text).toMatch(/^total +[\d,]{9,}/m);
  });

  it('prints JSON whose parts add up, and more tokens need more', async () => {
    const plan = async (tokens: string, ...more: string[]) => {
      const [line] = jsonLines(await output('inspect', [embeddedModelFile, '--json', '--tokens', tokens, ...more]));
      return line as { kv_bytes_per_token: number; plan: { bytes: Record<string, number>; fits: boolean } };
    };
    const { kv_bytes_per_token, plan: small } = await plan('1000');
    expect(kv_bytes_per_token).toBe(23_040);
    const { total, ...parts } = small.bytes;
    expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBe(total);
    expect((await plan('8000')).plan.bytes.total).toBeGreaterThan(total ?? 0);
    const eight = await plan('8000', '--kv-type', 'q8_0');
    expect(eight.plan.bytes.document_kv).toBeLessThan(0.6 * ((await plan('8000')).plan.bytes.document_kv ?? 0));
    expect((await plan('16000000', '--mode', 'full')).plan.fits).toBe(false);
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
    change(tensor.bytes, tensor.shape.at(-1) ?? 0); // the bytes are a view of the file
    return temporaryFile(`changed-${name}.safetensors`, file);
  }

  /** Puts the first number that is not in the first row in place of its last one. */
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
    expect(Number(small?.read_bytes)).toBeLessThan(Number(rows64?.read_bytes)); // stage 2 reads less than all kept rows
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

  it('says which budget cannot hold the codes of every row, and measures the rest', async () => {
    const args = [shortSample(), '--questions', questions(), '--csv', '--max-new', '16', '--budgets', '16,256'];
    const { stdout, stderr } = await run('fidelity', [...args, '--modes', 'hsa', '--preset', 'coded']);
    expect(csvRows(stdout).map((row) => row.budget)).toEqual(['256']);
    expect(stderr).toContain('Not measured: hsa 16 codes: token_budget is 16;');
  });
});

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
    }
  });
});
