/** `npm run -s text -- <file>...`: prints exactly the text that the model gets on stdout, and the notes about it on stderr. */
import { receiptLine } from '../contract/receipt.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { documentChoice, documentFlags, openDocuments } from './open-documents.ts';
import { ProgressLine } from './progress-line.ts';
import { runCommand } from './report-error.ts';

export const textCommand: Command = {
  run: 'npm run -s text --',
  usage: '<file>... [options]',
  about: 'Prints the text that the model gets of documents, and what is noted about them. No model is needed.',
  flags: {
    ...documentFlags,
    json: { help: 'print one JSON object: text, pages [{label, start, end}], notes, receipt' },
  },
};

export async function printText(
  args: Arguments,
  signal: AbortSignal,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Promise<undefined> {
  const files = args.positionals;
  if (files.length === 0) throw usageError(`A file is needed: ${textCommand.run} ${textCommand.usage}`);
  const document = await openDocuments(files, new ProgressLine(), signal, documentChoice(args));
  const { title, format, text, pages, notes } = document;
  // No line break is added at the end, so that the output can be compared with what the model gets.
  if (!args.has('json')) write(text);
  else write(`${JSON.stringify({ title, format, text, pages, notes, receipt: receiptLine(document) })}\n`);
}

await runCommand(textCommand, printText);
