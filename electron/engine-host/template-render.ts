/**
 * Renders a chat template in a limited time. Templates are written for Python's Jinja and its environment: this file provides the variables
 * that they use, and rewrites constructs that the library does not know.
 */
import { type Context, createContext, Script } from 'node:vm';
import { Template } from '@huggingface/jinja';
import type { Effort } from '../contract/method.ts';
import { formatTime } from './template-time.ts';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface RenderOptions {
  bosText: string;
  eosText: string;
  isThinking: boolean;
  /** undefined: the template is not told one. */
  effort?: Effort | undefined;
  now: Date;
}

const maxOutputChars = 1024 * 1024; // sentinels and markup only: a few hundred characters are usual
const maxRenderMs = 1000;

/** Some templates use variables that are not given; nearly all of them render with one of these sets. */
const withoutTools = [{}, { tools: null }, { tools: [], documents: [] }];

export function renderTemplate(source: string, messages: Message[], options: RenderOptions): string {
  let failure: unknown;
  for (const absent of withoutTools) {
    try {
      return renderWith(source, messages, options, absent);
    } catch (error) {
      failure ??= error;
      // A template that took too long or wrote too much would do so again.
      if (error instanceof OutputTooLong || (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
        break;
    }
  }
  throw failure;
}

class OutputTooLong extends Error {}

function renderWith(source: string, messages: Message[], options: RenderOptions, absent: object): string {
  const { bosText, eosText, isThinking, effort, now } = options;
  let output: unknown;
  const work = () => {
    const template = new Template(source);
    withoutNumberKeys(template.parsed);
    // The library's own strftime_now can only use the present moment and the month names of this machine's language.
    template.parsed.body.unshift(...new Template('{% set strftime_now = time_now %}').parsed.body);
    output = template.render({
      messages,
      ...absent,
      add_generation_prompt: true,
      // The variables with which templates switch thinking.
      enable_thinking: isThinking,
      thinking: isThinking,
      ...(isThinking ? {} : { thinking_budget: 0 }),
      ...(effort === undefined ? {} : { reasoning_effort: effort }),
      time_now: (format: unknown) => formatTime(now, String(format)),
      bos_token: bosText,
      eos_token: eosText,
    });
  };
  // A template is a program that others wrote: the timeout of vm also ends it while it is inside our own functions.
  callLimited(work);
  if (typeof output !== 'string') throw new Error('it made no text');
  if (output.length > maxOutputChars) throw new OutputTooLong(`it made ${output.length} characters of markup`);
  return output;
}

/** It holds only the function that is being called. Making one takes milliseconds, and a model's template is rendered several times. */
let context: Context | undefined;

function callLimited(work: () => void): void {
  context ??= createContext({});
  context.work = work;
  try {
    new Script('work()').runInContext(context, { timeout: maxRenderMs });
  } finally {
    context.work = undefined;
  }
}

interface Node {
  type?: unknown;
  value?: unknown;
  assignee?: Node;
  object?: Node;
  property?: Node;
}

/**
 * The library accepts only strings as keys of a dictionary. Numbers occur as keys in tables of thinking budgets, which are not used here:
 * the entries are removed, and reading one gives nothing.
 */
function withoutNumberKeys(program: unknown): void {
  const tables = new Set<unknown>();
  for (const { type, value, assignee } of nodesOf(program)) {
    const table = value as Node | undefined;
    if (type !== 'Set' || table?.type !== 'ObjectLiteral' || !(table.value instanceof Map)) continue;
    const numbers = [...table.value.keys()].filter((key: Node) => key.type === 'IntegerLiteral');
    if (numbers.length > 0) tables.add(assignee?.value);
    for (const key of numbers) table.value.delete(key);
  }
  for (const { type, object, property } of nodesOf(program))
    if (type === 'MemberExpression' && property?.type === 'IntegerLiteral' && tables.has(object?.value))
      Object.assign(property, { type: 'StringLiteral', value: String(property.value) });
}

function* nodesOf(node: unknown): Generator<Node, void, void> {
  if (typeof node !== 'object' || node === null) return;
  yield node as Node;
  const children = node instanceof Map ? [...node.keys(), ...node.values()] : Object.values(node);
  for (const child of children) yield* nodesOf(child);
}
