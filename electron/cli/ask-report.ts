/** An answer as the JSON line of `ask --json`, and as a one-line summary for people. The field names are an interface. */
import { mayMissSome } from '../contract/asks-for-many.ts';
import type { ParsedDocument } from '../contract/documents.ts';
import type { AnswerReport, Counters, OpenedModel, ReadResult } from '../contract/engine-reports.ts';
import { type AnswerEvidence, evidenceForPrograms } from '../contract/evidence.ts';
import { bytesText, count, plural } from '../contract/number-words.ts';
import { placeName } from '../contract/places.ts';
import { receiptLine } from '../contract/receipt.ts';
import { budgetsJson, mean, rounded } from './format.ts';

/** Lines for people below the answer: the sentences that support it, and what of it is not in the document. */
export function evidenceLines({ evidence, unsupported, isFound }: AnswerEvidence): string[] {
  const terms = unsupported.filter(({ kind }) => kind !== 'statement').map(({ text }) => text);
  return [
    ...evidence.map((entry) => `[${placeName(entry)}] "${entry.sentence}"`),
    ...(isFound ? [] : ['[not found in the document]']),
    ...(terms.length > 0 ? [`[not in the document: ${terms.join(', ')}]`] : []),
  ];
}

export interface AskContext {
  model: OpenedModel;
  files: readonly string[];
  document: ParsedDocument;
  read: ReadResult;
  question: string;
  /** The time of reading is counted with the first question. */
  isFirst: boolean;
}

const ms = (value: number) => rounded(value, 1);

export function keptAttention(counters: Counters, nHeadKv: number) {
  const kept = counters.keptMass;
  if (kept.length === 0) return { kept_mean: null, kept_min: null, kept_min_layer: null };
  const least = kept.indexOf(Math.min(...kept));
  return {
    kept_mean: rounded(mean(kept), 4),
    kept_min: rounded(kept[least] ?? 0, 4),
    kept_min_layer: Math.floor(least / nHeadKv),
  };
}

function speeds(report: AnswerReport, context: AskContext) {
  const prefillMs = report.timings.prefillMs + (context.isFirst ? context.read.prefillMs : 0);
  const prefilled = report.prefilledTokens + (context.isFirst ? context.read.nTokens : 0);
  const decoded = report.generatedTokens - 1; // the first token is part of the prefill
  return {
    prefilled,
    prefillMs,
    prefillTokS: prefillMs > 0 ? (1000 * prefilled) / prefillMs : 0,
    decodeTokS: decoded > 0 && report.timings.decodeMs > 0 ? (1000 * decoded) / report.timings.decodeMs : null,
  };
}

export function answerJson(report: AnswerReport, context: AskContext, evidence: AnswerEvidence) {
  const { counters, plan, timings } = report;
  const { prefilled, prefillMs, prefillTokS, decodeTokS } = speeds(report, context);
  return {
    question: context.question,
    answer: report.answer,
    thinking: report.thinking === '' ? null : report.thinking,
    finish_reason: report.finishReason,
    model: context.model.info.name,
    device: context.model.device,
    mode: report.mode,
    document: {
      files: context.files,
      tokens: context.read.documentTokens,
      pages: context.document.pages.length,
      receipt: receiptLine(context.document),
      notes: context.document.notes,
    },
    prompt_tokens: report.promptTokens,
    prefilled_tokens: prefilled,
    generated_tokens: report.generatedTokens,
    thinking_tokens: report.thinkingTokens,
    max_new: report.maxNew,
    budgets: budgetsJson(counters.budgets),
    kv: {
      full_bytes: counters.fullBytes,
      document_bytes: counters.documentBytes,
      compact_bytes: counters.compactBytes,
      summary_bytes: counters.summaryBytes,
      rows_total: counters.rowsTotal,
      rows_kept: counters.rowsKept,
    },
    timings: {
      load_ms: ms(context.model.loadMs),
      prefill_ms: ms(prefillMs),
      stage1_ms: ms(timings.stage1Ms),
      first_token_ms: ms(timings.firstTokenMs),
      prefill_tok_s: rounded(prefillTokS, 2),
      decode_tok_s: decodeTokS === null ? null : rounded(decodeTokS, 2),
      passes: timings.passes,
      drafted: timings.drafted,
      accepted: timings.accepted,
    },
    attention: keptAttention(counters, context.model.info.nHeadKv),
    memory: {
      plan_bytes: {
        weights: plan.weights,
        weights_in_ram: plan.weightsInRam,
        expert_buffers: plan.expertBuffers,
        document_kv: plan.documentKv,
        compact_cache: plan.compactCache,
        summaries: plan.summaries,
        layer_buffers: plan.layerBuffers,
        activations: plan.activations,
        logits: plan.logits,
        recurrent_states: plan.states + plan.keptStates,
        total: plan.total,
      },
      peak_rss_bytes: report.peakRssBytes,
    },
    notices: [...context.model.notices, ...report.notices],
    ...evidenceForPrograms(evidence),
  };
}

/** What to do about a question that asks for many things, where rows were left out. */
export function manyNote(report: AnswerReport, { question }: Pick<AskContext, 'question'>): string | undefined {
  if (!mayMissSome(question, report)) return undefined;
  const { rowsKept, rowsTotal } = report.counters;
  return (
    `this question asks for many things, and ${count(rowsTotal - rowsKept)} of ${count(rowsTotal)} rows were left out: some may be missing. ` +
    'A larger --budget is safer, --mode full safest.'
  );
}

/** Time and memory of the answer, in one line. */
export function answerSummary(report: AnswerReport, context: AskContext): string {
  const { counters } = report;
  const { prefilled, decodeTokS } = speeds(report, context);
  const parts = [
    context.isFirst
      ? `${plural(prefilled, 'token')} read`
      : `${plural(prefilled, 'token')} read (the document was not read again)`,
    `${plural(report.generatedTokens, 'token')} answered${report.thinkingTokens > 0 ? ` (${report.thinkingTokens} of them thinking)` : ''}${decodeTokS === null ? '' : ` at ${decodeTokS.toFixed(1)} tok/s`}`,
  ];
  const { drafted, accepted } = report.timings;
  if (drafted > 0) parts.push(`${count(accepted)} of ${count(drafted)} drafted tokens accepted`);
  if (report.mode !== 'full' && !counters.budgets.dense) {
    const { kept_mean } = keptAttention(counters, context.model.info.nHeadKv);
    parts.push(
      // Both numbers: the KV that the answer is decoded from, and the document's KV that stays in RAM for the next question's selection.
      `decoding from ${bytesText(counters.compactBytes + counters.summaryBytes)} of KV instead of ${bytesText(counters.fullBytes)}` +
        (counters.documentBytes > 0 ? `, ${bytesText(counters.documentBytes)} of document KV in RAM` : ''),
      `${count(counters.rowsRead)} of ${count(counters.rowsTotal)} rows read a token`,
      `${count(counters.rowsKept)} of ${count(counters.rowsTotal)} rows kept`,
    );
    if (kept_mean !== null) parts.push(`${(100 * kept_mean).toFixed(1)} % of the question's attention kept`);
  } else parts.push(`KV ${bytesText(counters.fullBytes)}, all ${count(counters.rowsTotal)} rows`);
  return `[${report.mode}: ${parts.join('; ')}]`;
}
