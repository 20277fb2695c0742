/** `npm start`: until the window exists, says what to run and asks the sample's first question. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Command } from './arguments.ts';
import { Arguments } from './arguments.ts';
import { ask } from './ask.ts';
import { runCommand } from './report-error.ts';

const command: Command = {
  run: 'npm start --',
  usage: '',
  about: 'Shows RocketDoc on its sample document.',
  flags: {},
};

const sample = (file: string) => fileURLToPath(new URL(`../../assets/samples/${file}`, import.meta.url));

async function start(_: Arguments, signal: AbortSignal): Promise<undefined> {
  const facts = z
    .array(z.object({ question: z.string(), plain: z.boolean().optional() }))
    .min(1)
    .parse(JSON.parse(readFileSync(sample('facts.json'), 'utf8')));
  const question = facts.find((fact) => fact.plain)?.question ?? '';
  process.stderr.write(
    [
      'RocketDoc asks a local model about a whole document. The commands are:',
      '',
      '  npm run serve                     (the window, in your browser)',
      '  npm run -s ask -- report.pdf "What does it say about costs?"',
      '  npm run -s inspect -- model.gguf',
      '',
      `Now: npm run -s ask -- assets/samples/report.md "${question}"`,
      '',
      '',
    ].join('\n'),
  );
  return ask(new Arguments([sample('report.md'), question], {}), signal);
}

await runCommand(command, start);
