/** What reading a document would take: tokens, context, memory, time; and what would help if it does not fit. */
import type { BudgetFit, PageRange, Planned, Preflight } from '../../contract/app-types.ts';
import type { MemoryPlan } from '../../contract/engine-reports.ts';
import { AppError } from '../../contract/errors.ts';
import { memoryNeeds } from '../../contract/memory-needs.ts';
import type { MethodChoice, OwnChoice } from '../../contract/settings.ts';
import { ifWritable } from '../library/storage-errors.ts';
import { largestBudget, type Measure } from './budget-fit.ts';
import {
  choiceFor,
  effortOf,
  engineOptions,
  typicalQuestionTokens,
  withChanges,
  wordingTokens,
} from './method-choice.ts';
import type { PlanningNeeds } from './needs.ts';
import { contextRemedies, memoryRemedies } from './remedies.ts';
import { keptOnDiskFor } from './saved-caches.ts';
import { predictAnswer, predictReading } from './speeds.ts';

export async function preflight(rooms: PlanningNeeds, documentId: string, range: PageRange | null): Promise<Preflight> {
  const choice = choiceFor(rooms, documentId);
  const documentTokens = await countTokens(rooms, documentId, range);
  const model = await rooms.supervisor.use(async () => rooms.supervisor.model);
  if (!model) throw new AppError('CLOSED', 'The engine is not running.');
  const contextTokens = model.info.nCtxTrain;
  const roomTokens = wordingTokens + typicalQuestionTokens + choice.maxNew;
  const promptTokens = documentTokens + wordingTokens + typicalQuestionTokens;
  const facts = {
    documentTokens,
    roomTokens,
    contextTokens,
    modelName: rooms.supervisor.state.modelFile.title,
    readSeconds: predictReading(rooms, documentTokens + wordingTokens),
  };
  const pages = { all: rooms.documents.pages(documentId), from: range?.from ?? 0, to: range?.to };
  if (documentTokens + roomTokens > contextTokens) {
    const remedies = contextRemedies(pages, contextTokens - roomTokens);
    const speed = { tokensPerSecond: null, firstTokenSeconds: null };
    return { ...facts, fitsContext: false, fitsMemory: true, plan: null, memory: [], speed, disk: null, remedies };
  }
  const plan = await planOf(rooms, choice, promptTokens);
  // Reading a document again frees its old KV first.
  const held = rooms.session().documents;
  const own = held.filter((document) => document.documentId === documentId);
  const memory = memoryNeeds(plan, own);
  const fitsMemory = memory.every(({ fits }) => fits);
  const remedies = fitsMemory
    ? []
    : await memoryRemedies({
        choice,
        plan,
        documentTokens,
        pages,
        own,
        others: held.filter((document) => document.documentId !== documentId),
        planWith: (changes, tokens = documentTokens) =>
          planOf(rooms, withChanges(choice, changes), tokens + wordingTokens + typicalQuestionTokens),
      });
  const speed = predictAnswer(rooms, plan, promptTokens);
  const disk = await keptOnDiskFor(rooms, documentId, documentTokens, {
    kvType: choice.kvType,
    effort: effortOf(rooms, choice),
    pages: range,
  });
  return { ...facts, fitsContext: true, fitsMemory, plan, memory, speed, disk, remedies };
}

/** The plan for the document's choice with these changes; for a document in memory, with the cache type and place that it has. */
export async function planFor(
  rooms: PlanningNeeds,
  documentId: string,
  promptTokens: number,
  changes: OwnChoice = {},
): Promise<Planned> {
  const plan = await planOf(rooms, asHeld(rooms, documentId, choiceFor(rooms, documentId, changes)), promptTokens);
  return { plan, speed: predictAnswer(rooms, plan, promptTokens) };
}

export function fitBudget(
  rooms: PlanningNeeds,
  documentId: string,
  request: { promptTokens: number; bytes: number; of: Measure },
): Promise<BudgetFit> {
  const choice = asHeld(rooms, documentId, choiceFor(rooms, documentId));
  const { promptTokens, bytes, of } = request;
  const planWith = (tokenBudget: number) => planOf(rooms, { ...choice, tokenBudget }, promptTokens);
  return largestBudget(planWith, promptTokens + choice.maxNew, bytes, of);
}

/** A document in memory keeps its cache type and place, even if another one is chosen for the next reading. */
function asHeld(rooms: PlanningNeeds, documentId: string, choice: MethodChoice): MethodChoice {
  const held = rooms.session().document(documentId);
  return held ? { ...choice, kvType: held.kvType, documentHome: held.onDevice ? 'device' : 'host' } : choice;
}

function planOf(rooms: PlanningNeeds, choice: MethodChoice, promptTokens: number): Promise<MemoryPlan> {
  const nQuestion = Math.min(typicalQuestionTokens, promptTokens);
  const { kvType, documentHome: home } = choice;
  return rooms.supervisor.use((verbs) =>
    verbs.plan({ ...engineOptions(choice), nPrompt: promptTokens, nQuestion, kvType, home }),
  );
}

/** Counts again if another model was used before. For some pages it is the sum of their tokens. */
async function countTokens(rooms: PlanningNeeds, documentId: string, range: PageRange | null): Promise<number> {
  const { tokens } = rooms.documents.get(documentId);
  const isCounted = tokens !== null && rooms.documents.countedWith(documentId) === rooms.counter.countedWith;
  const counted = isCounted ? undefined : await rooms.counter.count(rooms.documents.text(documentId, null));
  if (counted) ifWritable(() => rooms.documents.setTokens(documentId, counted));
  if (!range) return counted?.total ?? tokens ?? 0;
  const pages = counted?.pages ?? rooms.documents.pages(documentId).map((page) => page.tokens);
  return pages.slice(range.from, range.to + 1).reduce((sum, count) => sum + count, 0);
}
