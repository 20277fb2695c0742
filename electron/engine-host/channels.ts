/**
 * Answers of models that speak in channels (gpt-oss): messages one after the other, each with a header that names its channel. "final" is
 * the answer, "analysis" and "commentary" are what was thought. Headers consist of control tokens; the same characters from ordinary tokens
 * are text.
 */
import type { Split } from './thinking.ts';

/** Control tokens that begin a header, the name of a channel and the message's text, and end the message. */
export const channelMarks = ['<|start|>', '<|channel|>', '<|message|>', '<|end|>'] as const;
type ChannelMark = (typeof channelMarks)[number];

/** Written before a mark that was a control token. No other text of an answer has this character. */
const guard = '\0';

export const guarded = (mark: ChannelMark): string => guard + mark;
export const withoutGuards = (text: string): string => text.replaceAll(guard, '');

/** Whether a vocabulary or template has channels. */
export const hasChannelMarks = (marks: ReadonlyMap<number, string>): boolean =>
  [...marks.values()].includes(guarded('<|channel|>'));
export const usesChannels = (template: string): boolean => template.includes('<|channel|>analysis<|message|>');

interface Message {
  channel: string;
  /** Where the message begins in the text. */
  at: number;
  text: string;
}

/** `ended`: no more text will come. A message that was cut off counts as the answer if none follows it. */
export function splitChannels(text: string, ended: boolean): Split {
  const { messages, isCutOff } = messagesOf(text);
  const isAnswer = ({ channel }: Message) => channel === 'final' || channel === '';
  const last = messages.at(-1);
  const finals = messages.filter(isAnswer);
  const answers = finals.length === 0 && ended && isCutOff && last ? [last] : finals;
  const thoughts = messages.filter((message) => !answers.includes(message));
  const [first] = answers;
  const answer = joined(answers);
  return {
    thinking: joined(thoughts).trimEnd(),
    answer,
    answerAt: first === undefined ? text.length : first.at + leadOf(first.text),
  };
}

function messagesOf(text: string): { messages: Message[]; isCutOff: boolean } {
  const messages: Message[] = [];
  let header: string | undefined;
  let body: Message | undefined = { channel: '', at: 0, text: '' };
  let at = 0;
  const end = () => {
    if (body && body.text.trim() !== '') messages.push(body);
    body = undefined;
  };
  for (const [i, piece] of text.split(guard).entries()) {
    const mark = i === 0 ? undefined : channelMarks.find((one) => piece.startsWith(one));
    const words = piece.slice(mark?.length ?? 0);
    at += i === 0 ? 0 : 1 + (mark?.length ?? 0);
    if (mark !== undefined) {
      // Text before the first <|channel|> mark is part of a header, not of a message.
      if (mark === '<|channel|>' && body?.at === 0) body = undefined;
      end();
    }
    if (mark === '<|channel|>') header = words;
    else if (mark === '<|message|>') {
      body = { channel: /^\s*(\S*)/.exec(header ?? '')?.[1] ?? '', at, text: words };
      header = undefined;
    } else if (body) body.text += words;
    at += words.length;
  }
  const isCutOff = body !== undefined;
  end();
  return { messages, isCutOff };
}

const leadOf = (text: string) => text.length - text.trimStart().length;

function joined(messages: readonly Message[]): string {
  const [first, ...more] = messages.map(({ text }) => text.trimStart());
  return more.reduce((before, text) => `${before.trimEnd()}\n\n${text}`, first ?? '');
}
