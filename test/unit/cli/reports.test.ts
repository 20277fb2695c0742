/** What commands print: field names and columns, which are interfaces, and numbers and tables for people. */
import { describe, expect, it } from 'vitest';
import { AnswerOutput } from '../../../electron/cli/ask.ts';
import {
  type AskContext,
  answerJson,
  answerSummary,
  evidenceLines,
  manyNote,
} from '../../../electron/cli/ask-report.ts';
import { type BenchRun, benchColumns, benchRow, cancelColumns, cancelRow } from '../../../electron/cli/bench-rows.ts';
import { fidelityColumns, fidelityRow } from '../../../electron/cli/fidelity-rows.ts';
import { csvLine, mean, median, quantile, textTable } from '../../../electron/cli/format.ts';
import { ProgressLine, progressText } from '../../../electron/cli/progress-line.ts';
import type { AnswerReport, AnswerText, Counters, MemoryPlan } from '../../../electron/contract/engine-reports.ts';
import type { AnswerEvidence } from '../../../electron/contract/evidence.ts';
import { rocketOptionsFor } from '../../../electron/contract/method.ts';
import { presets } from '../../../electron/contract/method-values.ts';
import { bytesText, secondsText } from '../../../electron/contract/number-words.ts';
import { fakeBudgets, fakeInfo } from '../engine-host/fake-addon.ts';

const counters: Counters = {
  mode: 'rocketkv-mt',
  budgets: fakeBudgets(512),
  rowsTotal: 5000,
  rowsKept: 2000,
  rowsRead: 256,
  fullBytes: 1000,
  documentBytes: 900,
  compactBytes: 400,
  summaryBytes: 50,
  readBytesPerStep: 77,
  storedBytesPerHead: 88,
  keptMass: [0.9, 0.8, 0.7, 1],
  clampedCodes: 0,
};
const plan: MemoryPlan = {
  weights: 1,
  documentKv: 2,
  compactCache: 3,
  summaries: 4,
  ...{ weightsInRam: 0, expertLayersInRam: 0, expertsReadInRam: 0, expertBuffers: 0 },
  layerBuffers: 5,
  activations: 6,
  logits: 7,
  states: 0,
  keptStates: 0,
  documentOnDevice: true,
  deviceTotal: 28,
  total: 28,
  fullKv: 9,
  onGpu: false,
  available: 100,
  hostAvailable: 100,
  readBytesPerStep: 77,
  budgets: fakeBudgets(512),
};
const report: AnswerReport = {
  type: 'done',
  answer: 'Yes.',
  thinking: '',
  finishReason: 'stop',
  mode: 'rocketkv-mt',
  promptTokens: 5000,
  prefilledTokens: 40,
  generatedTokens: 11,
  thinkingTokens: 0,
  maxNew: 256,
  counters,
  plan,
  timings: { prefillMs: 200, stage1Ms: 10, firstTokenMs: 220, decodeMs: 500, passes: 8, drafted: 6, accepted: 2 },
  peakRssBytes: 123,
  notices: [],
};
const note = { kind: 'pages-without-text' as const, count: 2, sentence: 'Pages 2 and 3 have no text.' };
const context: AskContext = {
  model: {
    info: fakeInfo,
    device: 'cpu',
    deviceReason: null,
    threads: 2,
    loadMs: 12.34,
    promptFamily: 'x',
    thinking: 'never',
    hasEffort: false,
    notices: [],
  },
  files: ['a.pdf'],
  document: { title: 'A', format: 'pdf', text: 'x', pages: [{ label: '1', start: 0, end: 1 }], notes: [note] },
  read: {
    type: 'done',
    documentId: 'doc-1',
    nTokens: 4960,
    documentTokens: 4900,
    prefillMs: 4800,
    loaded: false,
    missed: null,
    bytes: 900,
    onDevice: true,
    plan,
  },
  question: 'Why?',
  isFirst: true,
};

const noEvidence: AnswerEvidence = { evidence: [], unsupported: [], isFound: false };
const evidence: AnswerEvidence = {
  evidence: [
    {
      page: 2,
      label: '3',
      start: 40,
      end: 64,
      sentence: 'The tower is 41 metres high.',
      matches: [{ start: 4, end: 9 }],
      score: 0.9,
      kind: 'matched',
    },
  ],
  unsupported: [
    { kind: 'number', text: '42' },
    { kind: 'statement', text: 'It is blue.' },
  ],
  isFound: true,
};

describe('evidence', () => {
  it('is printed below the answer, place by place', () => {
    expect(evidenceLines(evidence)).toEqual(['[p. 3] "The tower is 41 metres high."', '[not in the document: 42]']);
    expect(evidenceLines(noEvidence)).toEqual(['[not found in the document]']);
  });

  it('has its fields in --json, pages counted from 1', () => {
    expect(answerJson(report, context, evidence)).toMatchObject({
      evidence: [
        {
          page: 3,
          label: '3',
          sentence: 'The tower is 41 metres high.',
          start: 40,
          end: 64,
          score: 0.9,
          kind: 'matched',
        },
      ],
      unsupported: [
        { kind: 'number', text: '42' },
        { kind: 'statement', text: 'It is blue.' },
      ],
      found: true,
    });
  });
});

describe('ask --json', () => {
  it('has the fields of its interface', () => {
    const json = answerJson(report, context, noEvidence);
    expect(Object.keys(json)).toEqual(
      expect.arrayContaining([
        ...['answer', 'finish_reason', 'model', 'device', 'mode', 'document', 'prompt_tokens', 'generated_tokens'],
        ...['budgets', 'kv', 'timings', 'attention', 'memory'],
      ]),
    );
    expect(json).toMatchObject({
      document: {
        files: ['a.pdf'],
        tokens: 4900,
        pages: 1,
        receipt: '1 page; 2 pages without text',
        notes: [note],
      },
      budgets: { token_budget: 512, capacity: 100, prompt_budget: 90, page: 2, r: 3, k: 8, window: 32, kernel: 63 },
      kv: {
        full_bytes: 1000,
        document_bytes: 900,
        compact_bytes: 400,
        summary_bytes: 50,
        rows_total: 5000,
        rows_kept: 2000,
      },
      timings: {
        load_ms: 12.3,
        prefill_ms: 5000,
        stage1_ms: 10,
        first_token_ms: 220,
        prefill_tok_s: 1000,
        decode_tok_s: 20,
        passes: 8,
        drafted: 6,
        accepted: 2,
      },
      attention: { kept_mean: 0.85, kept_min: 0.7, kept_min_layer: 1 },
      memory: { plan_bytes: { total: 28 }, peak_rss_bytes: 123 },
      prefilled_tokens: 5000,
    });
  });

  it('counts only the new tokens of a second question', () => {
    const json = answerJson(report, { ...context, isFirst: false }, noEvidence);
    expect(json.prefilled_tokens).toBe(40);
    expect(json.timings.prefill_ms).toBe(200);
    expect(answerSummary(report, { ...context, isFirst: false })).toContain(
      '40 tokens read (the document was not read again)',
    );
  });

  it('has no attention where nothing was chosen', () => {
    const none = { ...report, counters: { ...counters, keptMass: [] } };
    expect(answerJson(none, context, noEvidence).attention).toEqual({
      kept_mean: null,
      kept_min: null,
      kept_min_layer: null,
    });
  });
});

describe('an answer on the screen', () => {
  const written = (...events: AnswerText[]) => {
    const out = { answer: '', thinking: '' };
    const shown = new AnswerOutput(
      (piece) => {
        out.answer += piece;
      },
      (piece) => {
        out.thinking += piece;
      },
    );
    for (const event of events) shown.add(event);
    shown.end();
    return out;
  };
  const delta = (text: string): AnswerText => ({ type: 'delta', text });

  it('ends with one line break', () => {
    expect(written(delta('Hello'), delta(' there')).answer).toBe('Hello there\n');
    expect(written(delta('Hello\n')).answer).toBe('Hello\n');
  });

  it('leaves thinking to stderr', () => {
    const out = written({ type: 'thinking', text: 'Page 3' }, { type: 'thinking', text: ' says' }, delta('950.'));
    expect(out).toEqual({ answer: '950.\n', thinking: 'Thinking:\nPage 3 says\n\n' });
  });

  it('is written once more where it was taken for something else', () => {
    const out = written(delta('Page 3 says 950.'), { type: 'restated', thinking: 'Page 3 says 950.', answer: '950.' });
    expect(out.answer).toBe('Page 3 says 950.\n950.\n');
    expect(out.thinking).toContain('the text above was thinking');
    const never = written(
      { type: 'thinking', text: 'It is 950.' },
      { type: 'restated', thinking: '', answer: 'It is 950.' },
    );
    expect(never.answer).toBe('It is 950.\n');
  });
});

describe('a question that asks for many things', () => {
  it('gets a note where rows were left out', () => {
    const question = 'List every lighthouse.';
    const cut = { ...report, counters: { ...counters, budgets: { ...counters.budgets, evicts: true, dense: false } } };
    expect(manyNote(cut, { question })).toMatch(/3,000 of 5,000 rows were left out.*--budget.*--mode full/);
    expect(manyNote(cut, { question: 'Who keeps it?' })).toBeUndefined();
    const all = { ...cut, counters: { ...cut.counters, rowsKept: 5000 } };
    expect(manyNote(all, { question })).toBeUndefined();
  });
});

describe('fidelity --csv', () => {
  const position = (kl: number, sameTop1 = true, recall: number | null = 0.5) => ({ kl, sameTop1, recall, mass: 0.9 });

  it('has the columns of its interface', () => {
    expect(csvLine(fidelityColumns)).toBe(
      'file,mode,budget,selector,pooling,positions,kl_mean,kl_median,kl_p90,top1,mass_kept,recall,questions,full_right,right,right_of_full,read_bytes,stored_bytes,capacity,page,k',
    );
  });

  it('aggregates over positions and questions', () => {
    const row = fidelityRow(
      'a.md',
      { mode: 'rocketkv', rocket: rocketOptionsFor({ mode: 'rocketkv' }, presets.paper) },
      [
        { fullRight: true, right: true, positions: [position(0), position(0.2)], counters },
        { fullRight: true, right: false, positions: [position(0.1), position(0.5, false)], counters },
        { fullRight: false, right: true, positions: [position(0.2)], counters },
      ],
    );
    const named = Object.fromEntries(fidelityColumns.map((name, i) => [name, row[i]]));
    expect(named).toMatchObject({
      positions: 5,
      kl_mean: 0.2,
      kl_median: 0.2,
      kl_p90: 0.38,
      top1: 0.8,
      mass_kept: 0.9,
      recall: 0.5,
      questions: 3,
      full_right: 2,
      right: 2,
      right_of_full: 1,
      read_bytes: 77,
      stored_bytes: 88,
    });
  });

  it('leaves empty what a mode does not have', () => {
    const positions = [{ kl: 0, sameTop1: true, recall: null, mass: null }];
    const row = fidelityRow('a', { mode: 'snapkv', rocket: rocketOptionsFor({ mode: 'snapkv' }, presets.paper) }, [
      { fullRight: true, right: null, positions, counters },
    ]);
    expect(row[fidelityColumns.indexOf('right')]).toBeNull();
    expect(row[fidelityColumns.indexOf('full_right')]).toBe(1);
    expect(row[fidelityColumns.indexOf('recall')]).toBeNull();
    expect(row[fidelityColumns.indexOf('selector')]).toBeNull();
    expect(row[fidelityColumns.indexOf('pooling')]).toBe('max');
    expect(row[fidelityColumns.indexOf('mass_kept')]).toBe(0.85);
    expect(csvLine(row)).not.toContain('NaN');
  });
});

describe('bench --csv', () => {
  it('has the columns of its interface and medians', () => {
    expect(csvLine(benchColumns)).toBe(
      'engine,device,model,mode,budget,selector,depth,prefill_tok_s,decode_tok_s,first_token_ms,kv_bytes,peak_rss_bytes,' +
        'weights,stage1_ms,peak_vram_bytes,plan_vram_bytes,home',
    );
    const run = (decodeTokS: number, prefillTokS: number | null = 100): BenchRun => ({
      device: 'cpu',
      model: 'M',
      weights: 'q4_K',
      stage1Ms: 1.5,
      peakVramBytes: null,
      planVramBytes: null,
      home: null,
      prefillTokS,
      decodeTokS,
      firstTokenMs: 5,
      kvBytes: 10,
      peakRssBytes: 20,
    });
    const variant = { engine: 'rocketdoc', mode: 'full', budget: null, selector: null } as const;
    expect(csvLine(benchRow(variant, 512, [run(3), run(1), run(2)]))).toBe(
      'rocketdoc,cpu,M,full,,,512,100,2,5,10,20,q4_K,1.5,,,',
    );
    expect(csvLine(benchRow(variant, 0, [run(3, null)]))).toBe('rocketdoc,cpu,M,full,,,0,,3,5,10,20,q4_K,1.5,,,');
    const onGpu = { ...run(1), peakVramBytes: 7, planVramBytes: 6, home: 'host' as const };
    expect(csvLine(benchRow(variant, 9, [onGpu]))).toMatch(/,q4_K,1\.5,7,6,host$/);
  });

  it('says how soon cancels are seen', () => {
    const facts = { device: 'cpu', model: 'M', home: null };
    expect(csvLine(cancelColumns)).toBe('device,model,phase,home,depth,cancels,p50_ms,p95_ms,max_ms');
    expect(csvLine(cancelRow(facts, 'decode', 100, [1, 2, 3]))).toBe('cpu,M,decode,,100,3,2,2.9,3');
  });
});

describe('formats', () => {
  it('quote CSV only where needed', () => {
    expect(csvLine(['a,b', 'c"d', 'e\nf', 1.5, null, Number.NaN])).toBe('"a,b","c""d","e\nf",1.5,,');
  });

  it('make numbers readable', () => {
    expect([0, 1023, 1024, 1536, 98_362_432].map(bytesText)).toEqual(['0 B', '1023 B', '1 KB', '2 KB', '93.8 MB']);
    expect([0.2, 89, 90, 3600].map(secondsText)).toEqual(['0.2 s', '1 min 29 s', '1 min 30 s', '1 h 0 min']);
    expect(
      textTable(
        ['a', 'b'],
        [
          ['x', 1],
          ['yy', 10],
        ],
      ),
    ).toBe('a    b\nx    1\nyy  10');
  });

  it('know medians and quantiles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.9)).toBe(9);
    expect([median([]), mean([])]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('the progress line', () => {
  it('says percent, tokens, speed and time left', () => {
    const state = { done: 12_300, total: 28_600, unit: 'tokens', tokensPerSecond: 2100, secondsLeft: 7.76 };
    expect(progressText('Reading document', state)).toBe(
      'Reading document: 43 %, 12,300 of 28,600 tokens, 2,100 tok/s, 7.8 s left',
    );
  });

  it('is rewritten on a terminal and sparse elsewhere', () => {
    const run = (isTTY: boolean) => {
      const out: string[] = [];
      let now = 0;
      const line = new ProgressLine({ isTTY, write: (text) => out.push(text) }, () => now);
      for (let done = 0; done <= 100; done++) {
        line.show('Reading', { done, total: 100, unit: 'tokens' });
        now += 250;
      }
      line.print('Over.');
      return out;
    };
    const log = run(false);
    expect(log.filter((text) => text.startsWith('Reading'))).toHaveLength(4); // start, 10 s, 20 s, end
    expect(log.join('')).not.toContain('\x1b');
    expect(run(true).length).toBeGreaterThan(90);
    expect(run(true).at(-1)).toBe('Over.\n');
  });
});
