/**
 * Takes a model's chat template apart. The template is rendered with sentinels in place of everything that a person or a document says, and
 * cut at them: only the template's own text is tokenised with special tokens on. The document is never rendered, so no template can change,
 * drop or read it.
 */

import { type Effort, effortSchema } from '../contract/method.ts';
import { usesChannels } from './channels.ts';
import { type Message, type RenderOptions, renderTemplate } from './template-render.ts';
import { documentPart, type PromptPart, templatePart } from './text-trust.ts';
import { mentionsThinking, opensThinking } from './thinking.ts';

export interface ChatPieces {
  /** Everything before the first question's text, with the system text. */
  start(told?: StartOptions): PromptPart[];
  /** Follows a question: the end of its turn and the start of the answer. */
  afterQuestion: PromptPart[];
  /** The same with thinking turned on; undefined: the template has no choice. */
  afterQuestionThinking: PromptPart[] | undefined;
  /** Stands between an earlier question and its answer, whose thinking is left out. */
  beforeEarlierAnswer: PromptPart[];
  /** Stands between an answer and the next question's text. */
  betweenTurns: PromptPart[];
  thinking: TemplateThinking;
  /** The template takes a reasoning effort, and writes it before the first question. */
  hasEffort: boolean;
}

export interface StartOptions {
  /** For templates that name the day. */
  now?: Date | undefined;
  /** For templates that take one. */
  effort?: Effort | undefined;
}

export interface TemplateThinking {
  /** never: the template has no thinking. always: it opens a block or has a channel, and has no way to turn that off. */
  kind: 'never' | 'switch' | 'always';
  /** Whether the start of the answer is inside a block of thinking, with thinking off and with thinking on. */
  opened: { off: boolean; on: boolean };
  /** The template has marks of thinking. */
  expected: boolean;
  /** Thinking and answer are separate messages, each in its channel. */
  channels: boolean;
}

export interface TemplateOptions {
  /** null: we give no system text; the template may still have its own. */
  system: string | null;
  bosText: string;
  eosText: string;
}

const maxSourceBytes = 256 * 1024;

/** Only letters, so that no escaping or trimming in a template changes them. */
const sentinels = {
  system: 'ROCKETDOCxSYSTEMxTEXT',
  question: 'ROCKETDOCxFIRSTxQUESTION',
  answer: 'ROCKETDOCxFIRSTxANSWER',
  next: 'ROCKETDOCxSECONDxQUESTION',
} as const;

/** Throws with the reason when the template cannot be used. */
export function readChatTemplate(source: string, options: TemplateOptions): ChatPieces {
  const bytes = Buffer.byteLength(source);
  if (bytes > maxSourceBytes) throw new Error(`it has ${bytes} bytes, ${maxSourceBytes} are allowed`);
  if (options.system === null) return cutTemplate(source, options, null);
  try {
    return cutTemplate(source, options, options.system);
  } catch (error) {
    // The template refuses the system role or leaves it out: the system text begins the first question instead.
    const { start, ...pieces } = orThrow(() => cutTemplate(source, options, null), error);
    const system = documentPart(`${options.system}\n\n`);
    return { ...pieces, start: (told) => [...start(told), system] };
  }
}

function orThrow<T>(work: () => T, error: unknown): T {
  try {
    return work();
  } catch {
    throw error;
  }
}

interface Cut {
  head: string;
  afterQuestion: string;
  beforeEarlierAnswer: string;
  betweenTurns: string;
}

function cutTemplate(source: string, options: TemplateOptions, system: string | null): ChatPieces {
  const { bosText, eosText } = options;
  const cut = (isThinking: boolean, { now = new Date(), effort }: StartOptions = {}) =>
    cutOnce(source, system !== null, { bosText, eosText, isThinking, effort, now });
  const off = cut(false);
  const on = orElse(() => cut(true), off);
  const isSwitch = on.afterQuestion !== off.afterQuestion;
  // Some templates differ before the document too. The document is then read as for thinking, and thinking is turned off after the question
  // only.
  const base = isSwitch ? on : off;
  const hasEffort = source.includes('reasoning_effort') && takesEffort((told) => cut(base === on, told));
  const channels = usesChannels(source);
  const opened = { off: opensThinking(off.afterQuestion), on: opensThinking(on.afterQuestion) };
  const startOf = (head: string) => (system === null ? [templatePart(head)] : systemParts(head, system));
  const fixed = startOf(base.head);
  return {
    start: ({ now, effort } = {}) => {
      const told = { now, effort: hasEffort ? effort : undefined };
      return told.now === undefined && told.effort === undefined ? fixed : startOf(cut(base === on, told).head);
    },
    afterQuestion: [templatePart(off.afterQuestion)],
    afterQuestionThinking: isSwitch ? [templatePart(on.afterQuestion)] : undefined,
    beforeEarlierAnswer: [templatePart(base.beforeEarlierAnswer)],
    betweenTurns: [templatePart(off.betweenTurns)],
    thinking: {
      kind: isSwitch ? 'switch' : opened.off || channels ? 'always' : 'never',
      opened: isSwitch ? opened : { off: opened.off, on: opened.off },
      expected: mentionsThinking(source),
      channels,
    },
    hasEffort,
  };
}

/** Whether the template knows every effort, and what comes before the first question is all that differs. */
function takesEffort(cut: (told: StartOptions) => Cut): boolean {
  const now = new Date();
  const cuts = orElse(() => effortSchema.options.map((effort) => cut({ now, effort })), []);
  const rests = cuts.map(({ head: _, ...rest }) => JSON.stringify(rest));
  return new Set(cuts.map(({ head }) => head)).size === effortSchema.options.length && new Set(rests).size === 1;
}

function orElse<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

function cutOnce(source: string, hasSystem: boolean, options: RenderOptions): Cut {
  const first: Message[] = [
    ...(hasSystem ? [{ role: 'system' as const, content: sentinels.system }] : []),
    { role: 'user', content: sentinels.question },
  ];
  const second: Message[] = [
    ...first,
    { role: 'assistant', content: sentinels.answer },
    { role: 'user', content: sentinels.next },
  ];
  const once = renderTemplate(source, first, options);
  const twice = renderTemplate(source, second, options);
  const [head, afterQuestion] = cutAt(once, sentinels.question);
  const [, asked] = cutAt(twice, sentinels.question);
  const [beforeEarlierAnswer, rest] = cutAt(asked, sentinels.answer);
  const [betweenTurns] = cutAt(rest, sentinels.next);
  if (betweenTurns === '') throw new Error('it puts nothing between an answer and the next question');
  if (hasSystem) cutAt(head, sentinels.system);
  return { head, afterQuestion, beforeEarlierAnswer, betweenTurns };
}

function systemParts(head: string, system: string): PromptPart[] {
  const [before, after] = cutAt(head, sentinels.system);
  return [templatePart(before), documentPart(system), templatePart(after)];
}

/** The text before and after a sentinel that must be there exactly once. */
function cutAt(text: string, sentinel: string): [string, string] {
  const at = text.indexOf(sentinel);
  if (at < 0) throw new Error('it leaves out a part of the conversation');
  const end = at + sentinel.length;
  if (text.indexOf(sentinel, end) >= 0) throw new Error('it repeats a part of the conversation');
  return [text.slice(0, at), text.slice(end)];
}
