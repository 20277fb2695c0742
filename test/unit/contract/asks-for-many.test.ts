import { describe, expect, it } from 'vitest';
import { asksForMany, mayMissSome } from '../../../electron/contract/asks-for-many.ts';
import type { AnswerReport } from '../../../electron/contract/engine-reports.ts';

const many = [
  'List every ship that came to the harbour.',
  'Please list the lighthouses.',
  'Can you list the names?',
  'Give me a list of all dates.',
  'Name all keepers',
  'What are all the fees?',
  'Read chapter 2. List the people in it.',
  'Find each mention of the Trust.',
  'Nenne alle Schiffe.',
  'Liste die Namen der Häfen auf.',
  'Welche Fristen gibt es? Zähle sie auf.',
  'Gib mir sämtliche Fristen.',
  'Quels sont tous les ports ?',
  'Énumère les ports.',
  'E\u0301nume\u0300re les ports.',
  'Donne-moi toutes les dates.',
  '¿Cuáles son todos los puertos?',
  'Enumera los puertos.',
];
const single = [
  'Who founded the Trust, and when?',
  'What does the orchestra do every Thursday?',
  'Is the list complete?',
  'Who wrote the price list?',
  'How many ferns does the doctor keep?',
  'Wie viele Farne hat der Arzt?',
  'After all, who was right?',
  'What happened to all of them in 1683?',
  'Say all of it in every form.',
  'Where is the listed building?',
  'Was geschieht jeden Donnerstag?',
  'Wer wohnt auf der Liste?',
  'Qui vient chaque jeudi ?',
  '¿Quién viene cada jueves?',
  '',
];

describe('a question that asks for many', () => {
  it.each(many)('%s', (question) => expect(asksForMany(question)).toBe(true));
  it.each(single)('is not: %s', (question) => expect(asksForMany(question)).toBe(false));

  it('is looked through quickly, however long', () => {
    expect(asksForMany('give a '.repeat(100_000))).toBe(false);
  });
});

describe('an answer', () => {
  const report = (evicts: boolean, dense: boolean, rowsKept: number) =>
    ({ counters: { rowsTotal: 1000, rowsKept, budgets: { evicts, dense } } }) as AnswerReport;

  it('may miss some of many where stage 1 dropped rows, and only there', () => {
    const question = 'List every ship.';
    expect(mayMissSome(question, report(true, false, 400))).toBe(true);
    expect(mayMissSome('Who was it?', report(true, false, 400))).toBe(false);
    expect(mayMissSome(question, report(false, false, 1000))).toBe(false);
    expect(mayMissSome(question, report(true, false, 1000))).toBe(false);
    expect(mayMissSome(question, report(true, true, 400))).toBe(false);
  });
});
