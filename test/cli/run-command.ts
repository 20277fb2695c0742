/** Runs a real command as a person would, with the built engine and, where a test names no model, the smallest embedded one. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

const withModel = ['ask', 'bench', 'fidelity'];

/** `onStderr` sees what was written so far and may stop the command with Ctrl+C by returning true, once. */
export function run(command: string, args: string[], onStderr?: (text: string) => boolean): Promise<Outcome> {
  const isQuick =
    withModel.includes(command) && !args.some((arg) => ['--model', '--shape', '--weights', '--help'].includes(arg));
  const all = [...args, ...(isQuick ? ['--model', smallModelFile] : [])];
  const child = spawn(process.execPath, [join('out', 'main', `${command}.js`), ...all], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  let stopped = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    outcome.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    outcome.stderr += text;
    if (!stopped && onStderr?.(outcome.stderr)) {
      stopped = true;
      child.kill('SIGINT');
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}

/** Runs a command that must succeed, and returns its stdout. */
export async function output(command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args);
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`);
  return stdout;
}

export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The rows of a CSV, each by column name. */
export function csvRows(text: string): Record<string, string>[] {
  const [header = '', ...lines] = text.trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell])));
}

const folder = mkdtempSync(join(tmpdir(), 'rocketdoc-cli-'));

export function temporaryFile(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

export const sampleFile = join(root, 'assets', 'samples', 'report.md');
/** SmolLM2, the smallest and quickest of the embedded models. */
export const smallModelFile = join(root, 'assets', 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf');

/** Writes the beginning of the sample, a few hundred tokens, so that a test takes seconds. */
export function shortSample(): string {
  return temporaryFile('short.md', readFileSync(sampleFile, 'utf8').slice(0, 3000));
}

export interface Fact {
  question: string;
  answer: string;
  /** The fact stands in one sentence, in nearly the question's words, and nothing else in the text is like it. */
  plain?: boolean;
}

export function sampleFacts(): Fact[] {
  return JSON.parse(readFileSync(join(root, 'assets', 'samples', 'facts.json'), 'utf8')) as Fact[];
}
