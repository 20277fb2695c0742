/** Cases that evidence is judged by: documents with facts, answers to questions, and whether the first evidence is the fact's sentence. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Papa from 'papaparse';
import { isRight } from '../../electron/cli/needles.ts';
import type { ParsedDocument } from '../../electron/contract/documents.ts';
import type { AnswerEvidence } from '../../electron/contract/evidence.ts';
import { parseDocument } from '../../electron/document-host/document-client.ts';
import { findEvidence } from '../../electron/evidence/find-evidence.ts';
import { SentenceIndex } from '../../electron/evidence/sentence-index.ts';
import { evidenceTexts, makeEvidencePdf } from './evidence-documents.ts';

export interface Fact {
  question: string;
  expected: string;
  /** The page on which the sentence with the fact begins, counted from 0. */
  page: number;
}

export interface EvidenceDocument {
  name: string;
  parsed: ParsedDocument;
  index: SentenceIndex;
  facts: Fact[];
  unanswerable: string[];
}

const sample = (name: string) => fileURLToPath(new URL(`../../assets/samples/${name}`, import.meta.url));

/** The sample with forty facts, and the further documents with twenty facts each. */
export async function evidenceDocuments(only?: readonly string[]): Promise<EvidenceDocument[]> {
  const wanted = (name: string) => !only || only.includes(name);
  const documents: EvidenceDocument[] = [];
  if (wanted('sample')) {
    const facts = JSON.parse(readFileSync(sample('facts.json'), 'utf8')) as {
      question: string;
      answer: string;
      page: number;
    }[];
    documents.push({
      name: 'sample',
      ...(await indexed(sample('report.pdf'))),
      facts: facts.map(({ question, answer, page }) => ({ question, expected: answer, page: page - 1 })),
      unanswerable: [],
    });
  }
  const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-evidence-'));
  try {
    for (const text of evidenceTexts.filter(({ name }) => wanted(name))) {
      const { parsed, index } = await indexed(await makeEvidencePdf(text, dir));
      const facts = text.facts.map(({ question, expected, sentence }) => ({
        question,
        expected,
        page: pageOf(parsed, sentence),
      }));
      documents.push({ name: text.name, parsed, index, facts, unanswerable: text.unanswerable });
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return documents;
}

async function indexed(file: string): Promise<{ parsed: ParsedDocument; index: SentenceIndex }> {
  const parsed = await parseDocument(file);
  return { parsed, index: await SentenceIndex.of(parsed) };
}

function pageOf({ text, pages }: ParsedDocument, sentence: string): number {
  const pattern = sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
  const at = new RegExp(pattern).exec(text)?.index;
  if (at === undefined) throw new Error(`"${sentence}" is not in the document.`);
  return pages.findIndex(({ end }) => at < end);
}

export interface AnsweredQuestion {
  document: string;
  question: string;
  answer: string;
  /** A person's judgement of a wrong answer: `stands` if its statement is in the text (about something else, or in other words). */
  judged: '' | 'stands';
}

const recordedFile = new URL('./evidence-answers.csv', import.meta.url);

export interface RecordedAnswer extends AnsweredQuestion {
  model: string;
  /** The mode, and the preset where it is not the paper's. */
  mode: string;
}

/** Recorded answers of models, with a person's judgement of the wrong ones. */
export function recordedAnswers(): RecordedAnswer[] {
  return Papa.parse<RecordedAnswer>(readFileSync(recordedFile, 'utf8'), {
    header: true,
    skipEmptyLines: true,
  }).data;
}

export interface Judged {
  document: string;
  question: string;
  answer: string;
  isRight: boolean;
  /** The answer is wrong, and its statement is nowhere in the text. */
  standsNowhere: boolean;
  /** The first evidence is on the fact's page, and the fact is in its sentence. */
  isFirstRight: boolean;
  isWrongPageFirst: boolean;
  isFound: boolean;
}

const plain = (text: string) => text.toLowerCase().replace(/\s+/g, ' ');

export function judge(document: EvidenceDocument, asked: AnsweredQuestion, found: AnswerEvidence): Judged {
  const { question, answer, judged } = asked;
  const fact = document.facts.find((entry) => entry.question === question);
  const [first] = found.evidence;
  const right = fact !== undefined && isRight(answer, fact.expected);
  return {
    document: document.name,
    question,
    answer,
    isRight: right,
    standsNowhere: !right && judged !== 'stands',
    isFirstRight:
      first !== undefined && first.page === fact?.page && plain(first.sentence).includes(plain(fact.expected)),
    isWrongPageFirst: first !== undefined && first.page !== fact?.page,
    isFound: found.isFound,
  };
}

/** Judges the evidence that is found by words alone, each answer against its document. */
export async function judgeAll(
  documents: readonly EvidenceDocument[],
  answers: readonly AnsweredQuestion[],
): Promise<Judged[]> {
  const all: Judged[] = [];
  for (const asked of answers) {
    const document = documents.find(({ name }) => name === asked.document);
    if (document) all.push(judge(document, asked, await findEvidence(document.index, asked)));
  }
  return all;
}

export function shares(judged: readonly Judged[]) {
  const right = judged.filter((entry) => entry.isRight);
  const nowhere = judged.filter(({ standsNowhere }) => standsNowhere);
  return {
    right: right.length,
    firstRight: right.filter(({ isFirstRight }) => isFirstRight).length,
    wrongPage: right.filter(({ isWrongPageFirst }) => isWrongPageFirst).length,
    nowhere: nowhere.length,
    notFound: nowhere.filter(({ isFound }) => !isFound).length,
  };
}
