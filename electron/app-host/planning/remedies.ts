/** What would help a document that does not fit; each remedy has what it would then need, and whether that fits. */
import type { DocumentPage, HeldDocument, MemoryNeed, Remedy } from '../../contract/app-types.ts';
import type { MemoryPlan } from '../../contract/engine-reports.ts';
import { notOnGpu } from '../../contract/errors.ts';
import { memoryNeeds } from '../../contract/memory-needs.ts';
import type { MethodChoice, OwnChoice } from '../../contract/settings.ts';
import { bytesOf, largestBudget } from './budget-fit.ts';

interface Pages {
  all: readonly DocumentPage[];
  from: number;
  /** undefined: the last page. */
  to: number | undefined;
}

export interface Unfit {
  choice: MethodChoice;
  plan: MemoryPlan;
  documentTokens: number;
  pages: Pages;
  /** `own`: the document, if it is in memory already; `others`: other documents in memory. */
  own: readonly HeldDocument[];
  others: readonly HeldDocument[];
  planWith: (changes: OwnChoice, documentTokens?: number) => Promise<MemoryPlan>;
}

/** A remedy that saves a smaller share is not offered. */
const leastGain = 0.05;

export function contextRemedies(pages: Pages, roomTokens: number): Remedy[] {
  const first = firstPages(pages, roomTokens);
  return first ? [{ type: 'pages', ...first }] : [];
}

/** Remedies that affect the answer least come first. */
export async function memoryRemedies(unfit: Unfit): Promise<Remedy[]> {
  const { choice, plan, own, others, planWith } = unfit;
  const before = memoryNeeds(plan, own);
  const remedyOf = async (changes: OwnChoice) => {
    const changed = await unlessNotOnGpu(planWith(changes));
    if (!changed) return undefined;
    const memory = memoryNeeds(changed, own);
    const fits = memory.every((need) => need.fits);
    return { type: 'choice' as const, changes, memory, cache: bytesOf(changed, 'kv'), fits };
  };
  const changes: OwnChoice[] = [];
  if (plan.onGpu && choice.mode === 'full') changes.push({ mode: 'rocketkv-mt' });
  if (plan.onGpu && choice.documentHome === 'device') changes.push({ documentHome: 'host' });
  if (choice.kvType === 'f16') changes.push({ kvType: 'q8_0' });
  const smaller = await smallerBudget(unfit, before);
  if (smaller !== undefined) changes.push({ tokenBudget: smaller });
  const single = (await Promise.all(changes.map(remedyOf))).filter((remedy) => remedy !== undefined);
  const helpful = single.filter((remedy) => remedy.fits || gains(before, remedy.memory));
  const remedies: Remedy[] = helpful;
  if (helpful.length > 1 && !helpful.some(({ fits }) => fits)) {
    const together = await remedyOf(Object.assign({}, ...helpful.map((remedy) => remedy.changes)));
    if (together?.fits) remedies.push(together);
  }
  if (others.length > 0) {
    const fits = memoryNeeds(plan, [...own, ...others]).every((need) => need.fits);
    const bytes = others.reduce((sum, held) => sum + held.bytes, 0);
    remedies.push({ type: 'release', documentIds: others.map(({ documentId }) => documentId), bytes, fits });
  }
  const pages = await pagesInMemory(unfit);
  return pages ? [...remedies, { type: 'pages', ...pages }] : remedies;
}

/** undefined: a GPU does not compute what was planned, which is no remedy then. */
function unlessNotOnGpu(plan: Promise<MemoryPlan>): Promise<MemoryPlan | undefined> {
  return plan.catch((error: unknown) => {
    if (notOnGpu(error) === undefined) throw error;
    return undefined;
  });
}

/** The largest budget below the chosen one that fits the computing device. */
async function smallerBudget({ choice, planWith }: Unfit, before: readonly MemoryNeed[]): Promise<number | undefined> {
  const device = before[0];
  if (choice.mode === 'full' || !device || device.fits) return undefined;
  const planAt = (tokenBudget: number) => planWith({ tokenBudget });
  const { fit } = await largestBudget(planAt, choice.tokenBudget, device.available, 'device');
  return fit && fit.tokenBudget < choice.tokenBudget ? fit.tokenBudget : undefined;
}

function gains(before: readonly MemoryNeed[], after: readonly MemoryNeed[]): boolean {
  return before.some(({ place, needed, fits }) => {
    const then = after.find((need) => need.place === place)?.needed ?? 0;
    return !fits && then < (1 - leastGain) * needed;
  });
}

async function pagesInMemory({ documentTokens, pages, own, planWith }: Unfit) {
  const fits = async (tokens: number) => memoryNeeds(await planWith({}, tokens), own).every((need) => need.fits);
  let low = 0;
  // 64 tokens are exact enough, since a page has hundreds.
  for (let high = documentTokens; high - low > 64; ) {
    const middle = (low + high) >> 1;
    if (await fits(middle)) low = middle;
    else high = middle;
  }
  return firstPages(pages, low);
}

/** The longest run of pages from the first on that fits. A page's count can differ from its share of the whole by a token or two. */
function firstPages({ all, from, to: last = all.length - 1 }: Pages, room: number) {
  let tokens = 0;
  let to = from - 1;
  for (let i = from; i <= last; i++) {
    const more = (all[i]?.tokens ?? 0) + 2;
    if (tokens + more > room) break;
    tokens += more;
    to = i;
  }
  return to < from || tokens === 0 ? undefined : { range: { from, to }, tokens };
}
