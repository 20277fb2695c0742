/** A claim of the README: the ten facts of the sample report that facts.json marks as plain are found, with full KV and with a tenth
 *  of the rows read. */
import { describe, expect, it } from 'vitest';
import { isRight } from '../../electron/cli/needles.ts';
import { jsonLines, output, sampleFacts, sampleFile } from './run-command.ts';

const facts = sampleFacts().filter((fact) => fact.plain);

describe('ten facts of the sample', () => {
  it.each([
    ['full', 8],
    ['rocketkv-mt', 8],
  ])(
    '%s: at least %i right',
    async (mode, least) => {
      const questions = facts.flatMap(({ question }) => ['--question', question]);
      const args = [
        sampleFile,
        ...questions,
        '--separate',
        '--mode',
        mode,
        '--budget',
        '512',
        '--max-new',
        '64',
        '--json',
      ];
      const answers = jsonLines(await output('ask', args)) as { answer: string }[];
      const wrong = facts.filter(({ answer }, i) => !isRight(answers[i]?.answer ?? '', answer));
      expect(answers).toHaveLength(facts.length);
      expect(facts.length - wrong.length, `wrong: ${JSON.stringify(wrong)}`).toBeGreaterThanOrEqual(least);
    },
    600_000,
  );
});
