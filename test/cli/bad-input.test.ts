/** Every wrong input gives exit code 2, one code, a sentence that says what to do, no stack trace and nothing on stdout. */
import { closeSync, copyFileSync, openSync, readSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { output, run, sampleFile, shortSample, smallModelFile, temporaryFile } from './run-command.ts';

async function refused(command: string, args: string[], code: string, sentence: RegExp) {
  const outcome = await run(command, args);
  expect(outcome.stderr).toMatch(new RegExp(`^Error ${code}: .{15,}`, 'm'));
  expect(outcome.stderr).toMatch(sentence);
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
  expect(outcome.stdout).toBe('');
  expect(outcome.code).toBe(2);
}

const ask = (file: string, ...more: string[]) => [file, 'What is it?', ...more];

describe('arguments', () => {
  it.each([
    [['--nonsense'], /no option --nonsense/],
    [['only-one-thing'], /A file and a question are needed/],
    [ask('x', '--budget', '1'), /--budget: must be/],
    [ask('x', '--mode', 'best'), /--mode knows/],
    [['x', ' '], /question is empty/],
  ])('%j', (args, sentence) => refused('ask', args, 'INVALID_ARGUMENT', sentence));

  it('of every command are explained at --help', async () => {
    for (const command of ['start', 'ask', 'text', 'inspect', 'bench', 'fidelity', 'agree', 'check-vectors']) {
      const { code, stdout } = await run(command, ['--help']);
      expect(stdout).toContain('Usage: npm ');
      expect(code).toBe(0);
    }
  });
});

describe('documents', () => {
  it('missing', () => refused('ask', ask('no/such/file.pdf'), 'DOC_MISSING', /not found/));
  it('empty', () => refused('ask', ask(temporaryFile('empty.txt', '')), 'DOC_EMPTY', /empty/));
  it('binary', () =>
    refused(
      'ask',
      ask(temporaryFile('binary.txt', Buffer.from('\x7fELF\x02\x01\0\0\0\0\x00\xff\xfe'))),
      'DOC_FORMAT',
      /./,
    ));
  it('too long for the model: both counts, before anything is read', () => {
    const long = temporaryFile('long.txt', 'A sentence of seven words is here. '.repeat(3000));
    return refused('ask', ask(long), 'CTX_OVERFLOW', /have [\d,]{6,} tokens.*at most 8,192.*--model/);
  });
});

describe('models', () => {
  it('missing', () => refused('ask', ask(shortSample(), '--model', 'no.gguf'), 'MODEL_MISSING', /no\.gguf/));
  it('that are a web page', () => {
    const page = temporaryFile('page.gguf', '<html><body>Not found</body></html>');
    return refused('inspect', [page], 'MODEL_FORMAT', /web page/);
  });
  it('that are empty', () => refused('inspect', [temporaryFile('zero.gguf', '')], 'MODEL_FORMAT', /./));
  it('that were cut short', () => {
    const cut = temporaryFile('cut.gguf', '');
    copyFileSync(smallModelFile, cut);
    truncateSync(cut, 50_000_000);
    return refused('ask', ask(shortSample(), '--model', cut), 'MODEL_TRUNCATED', /\d/);
  });
  it('of an architecture we do not know', () => {
    const other = temporaryFile('other.gguf', '');
    copyFileSync(smallModelFile, other);
    // general.architecture is the first key of the file; its value has five letters, so another name of five fits.
    const file = openSync(other, 'r+');
    const head = Buffer.alloc(4096);
    readSync(file, head, 0, head.length, 0);
    const at = head.indexOf('llama', head.indexOf('general.architecture'));
    writeSync(file, Buffer.from('mamba'), 0, 5, at);
    closeSync(file);
    return refused('inspect', [other], 'MODEL_UNSUPPORTED', /mamba/);
  });
  it('for a GPU that is not there', () =>
    refused('ask', ask(shortSample(), '--device', 'cuda:99'), 'GPU_NONE', /NVIDIA driver|device 99|kernels|library/));
  it('for a device of no known name', () =>
    refused('ask', ask(shortSample(), '--device', 'tpu'), 'INVALID_ARGUMENT', /cuda:<number>/));
});

describe('other inputs', () => {
  const vectors = fileURLToPath(new URL('../fixtures/vectors/group3-d64.safetensors', import.meta.url));
  it('a comparison without a text', () => refused('agree', [smallModelFile], 'INVALID_ARGUMENT', /A model and a text/));
  it('a comparison over more tokens than the model reads', () =>
    refused('agree', [smallModelFile, sampleFile, '--tokens', '9000'], 'CTX_OVERFLOW', /9000 tokens.*8192/));
  it('vectors that are none', () => refused('check-vectors', [sampleFile], 'INVALID_ARGUMENT', /safetensors/));
  it('vectors that are not there', () =>
    refused('check-vectors', [join('no', 'such.safetensors')], 'IO', /cannot be read/));
  it('vectors for a GPU that is not there', () =>
    refused('check-vectors', [vectors, '--device', 'cuda:99'], 'GPU_NONE', /NVIDIA driver|device 99|kernels|library/));
  it('vectors for a device of no known name', () =>
    refused('check-vectors', [vectors, '--device', 'cuda:x'], 'INVALID_ARGUMENT', /cuda:<number>/));
  it('questions without an answer', () => {
    const questions = temporaryFile('questions.txt', 'Who?\n');
    return refused('fidelity', [sampleFile, '--questions', questions], 'INVALID_ARGUMENT', /Line 1/);
  });
  it('an extraction that does not fit its options', async () => {
    const questions = temporaryFile('questions.txt', 'Who?|Ann\n');
    const extraction = [shortSample(), '--task', 'extraction'];
    await refused(
      'fidelity',
      [...extraction, '--questions', questions],
      'INVALID_ARGUMENT',
      /cannot go with --questions/,
    );
    await refused('fidelity', [...extraction, '--chat'], 'INVALID_ARGUMENT', /cannot go with --chat/);
    await refused('fidelity', [...extraction, '--records', '101'], 'INVALID_ARGUMENT', /--records/);
    await refused('fidelity', [shortSample(), '--records', '10'], 'INVALID_ARGUMENT', /go with --task extraction/);
    await refused('fidelity', [shortSample(), '--task', 'lists'], 'INVALID_ARGUMENT', /facts, extraction/);
  });
  it('a shape of no known name, and weights without one', async () => {
    const shapes = /8b, 1b, 160m, qwen3-8b, .* tiny-gpt-oss or tiny-qwen3.5/;
    await refused('bench', ['--shape', '9b'], 'INVALID_ARGUMENT', shapes);
    await refused('bench', ['--shape', 'gpt-oss-20b'], 'INVALID_ARGUMENT', /2880.*blocks of 256: choose q8_0 or f16/);
    await refused('bench', ['--shape', 'tiny', '--weights', 'q3'], 'INVALID_ARGUMENT', /f16, q8_0 or q4_K/);
    await refused('bench', ['--weights', 'f16'], 'INVALID_ARGUMENT', /goes with --shape/);
  });
  it('a model without a vocabulary, asked', async () => {
    const file = temporaryFile('random.gguf', '');
    await output('bench', ['--shape', 'tiny', '--write', file, '--depths', '0', '--rounds', '1', '--max-new', '2']);
    await refused('ask', ask(shortSample(), '--model', file), 'MODEL_UNSUPPORTED', /without a vocabulary/);
  });
  it('a llama-bench that is not there', () =>
    refused(
      'bench',
      ['--shape', 'tiny', '--depths', '0', '--rounds', '1', '--max-new', '2', '--llama-bench', 'no/such/llama-bench'],
      'IO',
      /could not be started.*--llama-bench/,
    ));
  it('a load that is none, and one too many measurements', async () => {
    await refused('bench', ['--beside', ' '], 'INVALID_ARGUMENT', /loop, engine, window or a command/);
    await refused('bench', ['--beside', 'loop', '--cancels', '3'], 'INVALID_ARGUMENT', /--beside .* --cancels/);
  });
  it('depths beyond the context', () => refused('bench', ['--depths', '9000'], 'CTX_OVERFLOW', /9064.*8192/));
});

describe('Ctrl+C', () => {
  it('stops the reading, says so, and exits with 130', async () => {
    const question = ['assets/samples/report.pdf', 'Who founded the Trust in 1887?'];
    const outcome = await run('ask', question, (stderr) => stderr.includes('Reading document'));
    expect(outcome.stderr).toMatch(/Stopped\.\n$/);
    expect(outcome.code).toBe(130);
  });
});
