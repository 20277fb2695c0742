/**
 * A model's chat template, taken apart. The template is rendered with sentinels for everything that a person or a document
 * says, and cut at them: what the template wrote goes to the tokeniser with special tokens on, the rest never does. The
 * document is never rendered, so no template can change, drop or read it.
 */
import { runInNewContext } from 'node:vm';
import { Template } from '@huggingface/jinja';
import { documentPart, type PromptPart, templatePart } from './text-trust.ts';

export interface ChatPieces {
  /** Up to where the first question's text begins; holds the system text. */
  start: PromptPart[];
  /** After a question: the end of its turn and the start of the answer. */
  afterQuestion: PromptPart[];
  /** After an answer, up to where the next question's text begins. */
  betweenTurns: PromptPart[];
  /** Set when the model's own template could not be used, and why. */
  notice?: string;
}

export interface TemplateOptions {
  /** null: none of ours; a template may still bring its own. */
  system: string | null;
  bosText: string;
  eosText: string;
}

const maxSourceBytes = 256 * 1024;
const maxOutputChars = 1024 * 1024; // sentinels and markup only: a few hundred characters are usual
const maxRenderMs = 1000;

/** Letters alone, so that no escaping or trimming in a template touches them. */
const sentinels = {
  system: 'ROCKETDOCxSYSTEMxTEXT',
  question: 'ROCKETDOCxFIRSTxQUESTION',
  answer: 'ROCKETDOCxFIRSTxANSWER',
  next: 'ROCKETDOCxSECONDxQUESTION',
} as const;

const chatMl =
  "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

export function readChatTemplate(source: string | undefined, options: TemplateOptions): ChatPieces {
  if (source === undefined) {
    return {
      ...cutTemplate(chatMl, options),
      notice: 'The model has no chat template; a common one (ChatML) is used.',
    };
  }
  try {
    return cutTemplate(source, options);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const notice = `The model's chat template cannot be used (${why.slice(0, 200)}); a common one (ChatML) is used instead.`;
    return { ...cutTemplate(chatMl, options), notice };
  }
}

interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

function cutTemplate(source: string, options: TemplateOptions): ChatPieces {
  const bytes = Buffer.byteLength(source);
  if (bytes > maxSourceBytes) throw new Error(`it has ${bytes} bytes, ${maxSourceBytes} are allowed`);
  const system: Message[] = options.system === null ? [] : [{ role: 'system', content: sentinels.system }];
  const first: Message[] = [...system, { role: 'user', content: sentinels.question }];
  const second: Message[] = [
    ...first,
    { role: 'assistant', content: sentinels.answer },
    { role: 'user', content: sentinels.next },
  ];
  const once = render(source, first, options);
  const twice = render(source, second, options);
  const [head, afterQuestion] = cutAt(once, sentinels.question);
  const [, rest] = cutAt(twice, sentinels.answer);
  const [between] = cutAt(rest, sentinels.next);
  if (between === '') throw new Error('it puts nothing between an answer and the next question');
  return {
    start: options.system === null ? [templatePart(head)] : systemParts(head, options.system),
    afterQuestion: [templatePart(afterQuestion)],
    betweenTurns: [templatePart(between)],
  };
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

function render(source: string, messages: Message[], options: TemplateOptions): string {
  let output: unknown;
  const work = () => {
    output = new Template(source).render({
      messages,
      add_generation_prompt: true,
      enable_thinking: false,
      bos_token: options.bosText,
      eos_token: options.eosText,
    });
  };
  // A template is a program of somebody else's: the timeout of vm ends it also in the middle of our own functions.
  runInNewContext('work()', { work }, { timeout: maxRenderMs });
  if (typeof output !== 'string') throw new Error('it made no text');
  if (output.length > maxOutputChars) throw new Error(`it made ${output.length} characters of markup`);
  return output;
}
