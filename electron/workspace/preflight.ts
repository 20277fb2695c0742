/** What reading a document would take, before it is read: tokens, context, memory, time; and what would help where it does not fit. */
import type { MethodChoice, PageRange, Preflight } from '../contract/app-types.ts';
import type { MemoryPlan } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import type { App } from './app.ts';
import { engineOptions, typicalQuestionTokens, wordingTokens } from './method-choice.ts';

export async function preflight(
  app: App,
  documentId: string,
  choice: MethodChoice,
  range: PageRange | null,
): Promise<Preflight> {
  const documentTokens = await countTokens(app, documentId, range);
  const planned = (tokens: number, changes: Partial<MethodChoice> = {}) =>
    planFor(app, { ...choice, ...changes }, tokens + wordingTokens + typicalQuestionTokens);
  const model = await app.supervisor.use(async () => app.supervisor.model);
  if (!model) throw new AppError('CLOSED', 'The engine is not running.');
  const contextTokens = model.info.nCtxTrain;
  const roomTokens = wordingTokens + typicalQuestionTokens + choice.maxNew;
  const fitsContext = documentTokens + roomTokens <= contextTokens;
  const plan = fitsContext ? await planned(documentTokens) : null;
  const fitsMemory = plan === null || plan.deviceTotal <= plan.available;
  const remedies: Preflight['remedies'] = [];
  if (!fitsContext) {
    const first = firstPages(app, documentId, range, contextTokens - roomTokens);
    if (first) remedies.push({ type: 'pages', ...first });
  }
  if (!fitsMemory && choice.kvType === 'f16') {
    const { total, available } = await planned(documentTokens, { kvType: 'q8_0' });
    remedies.push({ type: 'kvType', kvType: 'q8_0', total, fits: total <= available });
  }
  const speed = app.settings.readSpeed(model.info.name);
  return {
    documentTokens,
    roomTokens,
    contextTokens,
    modelName: app.supervisor.state.modelFile.title,
    fitsContext,
    fitsMemory,
    plan,
    readSeconds: speed === undefined ? null : documentTokens / speed,
    remedies,
  };
}

export function planFor(app: App, choice: MethodChoice, promptTokens: number): Promise<MemoryPlan> {
  const nQuestion = Math.min(typicalQuestionTokens, promptTokens);
  const { kvType } = choice;
  return app.supervisor.use((verbs) =>
    verbs.plan({ ...engineOptions(choice), nPrompt: promptTokens, nQuestion, kvType }),
  );
}

/** Counted again when another model counts now. */
async function countTokens(app: App, documentId: string, range: PageRange | null): Promise<number> {
  const { tokens } = app.documents.get(documentId);
  const isCounted = tokens !== null && app.documents.countedWith(documentId) === app.counter.countedWith;
  if (isCounted && !range) return tokens;
  if (!isCounted) app.documents.setTokens(documentId, await app.counter.count(app.documents.text(documentId, null)));
  if (!range) return app.documents.get(documentId).tokens ?? 0;
  return (await app.counter.count(app.documents.text(documentId, range))).total;
}

/** The longest run of pages from the first that fits. Sums of pages can differ from the whole by a token or two each. */
function firstPages(app: App, documentId: string, range: PageRange | null, room: number) {
  const pages = app.documents.pages(documentId);
  const from = range?.from ?? 0;
  let tokens = 0;
  let to = from - 1;
  for (let i = from; i < pages.length; i++) {
    const more = (pages[i]?.tokens ?? 0) + 2;
    if (tokens + more > room) break;
    tokens += more;
    to = i;
  }
  return to < from || tokens === 0 ? undefined : { range: { from, to }, tokens };
}
