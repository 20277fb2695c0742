/**
 * Evidence for recorded answers of models, right and wrong, and for answers that are only a fact: the question's own, or another
 * one's. `npm run -s evidence` measures what models answer today.
 */
import { expect, it } from 'vitest';
import { type AnsweredQuestion, evidenceDocuments, judgeAll, recordedAnswers, shares } from './evidence-cases.ts';

const documents = await evidenceDocuments();

const recorded = recordedAnswers();
const sets = [...new Set(recorded.map(({ model, mode }) => `${model}, ${mode}`))];

it.each(sets)(
  'of %s 95 % of the right answers have the fact first, 3 % at most another page, 80 % of the invented ones none',
  async (set) => {
    const answers = recorded.filter(({ model, mode }) => `${model}, ${mode}` === set);
    const { right, firstRight, wrongPage, nowhere, notFound } = shares(await judgeAll(documents, answers));
    expect(right).toBeGreaterThanOrEqual(40);
    expect(nowhere).toBeGreaterThanOrEqual(40);
    expect(firstRight / right).toBeGreaterThanOrEqual(0.95);
    expect(wrongPage / right).toBeLessThanOrEqual(0.03);
    expect(notFound / nowhere).toBeGreaterThanOrEqual(0.8);
  },
);

it('a fact alone finds its own sentence; another question finds nothing for it', async () => {
  /** Answers each question of a document with the fact that comes `step` places after its own. */
  const answered = (step: number): AnsweredQuestion[] =>
    documents.flatMap(({ name, facts }) =>
      facts.map(({ question }, i) => ({
        document: name,
        question,
        answer: facts[(i + step) % facts.length]?.expected ?? '',
        judged: '',
      })),
    );
  const own = shares(await judgeAll(documents, answered(0)));
  expect(own.right).toBe(140);
  expect(own.firstRight).toBeGreaterThanOrEqual(0.95 * own.right);
  expect(own.wrongPage).toBeLessThanOrEqual(0.03 * own.right);
  const others = shares(await judgeAll(documents, [...answered(7), ...answered(11)]));
  expect(others.notFound / others.nowhere).toBeGreaterThanOrEqual(0.95);
});
