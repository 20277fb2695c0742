/**
 * Evidence of recorded answers (models' own, right and wrong), and of answers that are a fact alone: of their own question, and of
 * another one. What models answer today is measured by `npm run -s evidence`.
 */
import { expect, it } from 'vitest';
import type { AnswerEvidence } from '../../electron/contract/evidence.ts';
import { findEvidence } from '../../electron/evidence/find-evidence.ts';
import { SentenceIndex } from '../../electron/evidence/sentence-index.ts';
import {
  type AnsweredQuestion,
  evidenceDocuments,
  type Judged,
  judge,
  recordedAnswers,
  shares,
} from './evidence-cases.ts';

const documents = await Promise.all(
  (await evidenceDocuments()).map(async (document) => ({ document, index: await SentenceIndex.of(document.parsed) })),
);

async function judged(questionsOf: (name: string) => AnsweredQuestion[]): Promise<Judged[]> {
  const all: Judged[] = [];
  for (const { document, index } of documents)
    for (const asked of questionsOf(document.name)) {
      const found: AnswerEvidence = await findEvidence(index, asked);
      all.push(judge(document, asked, found));
    }
  return all;
}

const factsOf = (name: string) => documents.find(({ document }) => document.name === name)?.document.facts ?? [];

it('recorded answers: 95 % of the right ones have the fact first, 3 % at most another page, 80 % of the invented ones none', async () => {
  const recorded = recordedAnswers();
  const { right, firstRight, wrongPage, nowhere, notFound } = shares(
    await judged((name) => recorded.filter(({ document }) => document === name)),
  );
  expect(right).toBeGreaterThanOrEqual(40);
  expect(nowhere).toBeGreaterThanOrEqual(40);
  expect(firstRight / right).toBeGreaterThanOrEqual(0.95);
  expect(wrongPage / right).toBeLessThanOrEqual(0.03);
  expect(notFound / nowhere).toBeGreaterThanOrEqual(0.8);
});

it('a fact alone finds its own sentence; another question finds nothing for it', async () => {
  const own = shares(
    await judged((name) =>
      factsOf(name).map(({ question, expected }) => ({ document: name, question, answer: expected, judged: '' })),
    ),
  );
  expect(own.right).toBe(100);
  expect(own.firstRight).toBeGreaterThanOrEqual(95);
  expect(own.wrongPage).toBeLessThanOrEqual(3);
  const others = shares(
    await judged((name) =>
      factsOf(name).flatMap(({ question }, i, facts) =>
        [7, 11].map((step) => {
          const answer = facts[(i + step) % facts.length]?.expected ?? '';
          return { document: name, question, answer, judged: '' as const };
        }),
      ),
    ),
  );
  expect(others.notFound / others.nowhere).toBeGreaterThanOrEqual(0.95);
});
