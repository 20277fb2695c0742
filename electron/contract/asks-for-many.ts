/**
 * Questions that ask for everything of a kind. Where stage 1 drops rows, their answers lose things that full KV finds: measured in test/model
 * ("Extraction").
 */
import type { AnswerReport } from './engine-reports.ts';

interface Patterns {
  /** Verbs that ask for a list wherever they begin a sentence: "List the ships". */
  lists: string;
  /** Words that ask, at most three words before one of `all`: "Give me the names of all ships". */
  requests: string;
  all: string;
}

/**
 * A word for all by itself is not enough: "What does the orchestra do every Thursday?" asks for one thing. "How many" is left out: the number
 * may stand in one sentence, and where the small model had to count, full KV did not do it any better.
 */
const languages: readonly Patterns[] = [
  {
    lists: 'list|enumerate',
    requests: 'list|lists|enumerate|name|names|give|show|extract|collect|find|mention|quote|what are|who are',
    all: 'all|every|each',
  },
  {
    lists: 'liste|zähle|zähl|auflisten',
    requests: 'liste|listen|zähle|zähl|nenne|nenn|gib|zeige|zeig|sammle|finde|zitiere|was sind|wer sind|welches sind',
    all: 'alle|aller|allen|jede|jeden|jedes|sämtliche|sämtlichen',
  },
  {
    lists: 'liste|listez|énumère|énumérez',
    requests:
      'liste|listez|énumère|énumérez|cite|citez|nomme|nommez|donne|donnez|trouve|trouvez|quels sont|quelles sont',
    all: 'tous|toutes|chaque',
  },
  {
    lists: 'enumera|enumere|enumerar|listar',
    requests: 'lista|enumera|enumere|nombra|menciona|da|dame|muestra|encuentra|extrae|cuáles son|quiénes son',
    all: 'todos|todas|cada',
  },
];

const polite = '(?:please|bitte|can you|could you|kannst du|por favor)';
const apart = '[^\\p{L}\\p{N}]+';

const patterns = languages.map(({ lists, requests, all }) => {
  const begins = `(?:^|[.!?:;\\n])[^\\p{L}\\p{N}]*(?:${polite}${apart})?(?:${lists})`;
  const asks = `(?<![\\p{L}\\p{N}])(?:${requests})${apart}(?:[\\p{L}\\p{N}]+${apart}){0,3}(?:${all})`;
  return new RegExp(`(?:${begins}|${asks})(?![\\p{L}\\p{N}])`, 'u');
});

/** The question is put in lower case, because a pattern with \p{L} that ignores case takes several times as long to compile. */
export function asksForMany(question: string): boolean {
  const words = question.normalize('NFC').toLowerCase();
  return patterns.some((pattern) => pattern.test(words));
}

/** Whether an answer was to name many things, and stage 1 dropped rows that may have held some of them. */
export function mayMissSome(question: string, report: Pick<AnswerReport, 'counters'>): boolean {
  const { rowsKept, rowsTotal, budgets } = report.counters;
  return budgets.evicts && !budgets.dense && rowsKept < rowsTotal && asksForMany(question);
}
