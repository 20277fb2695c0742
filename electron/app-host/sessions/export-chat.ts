/** Exports a chat: Markdown has the shown branch with the evidence of each answer, JSON has every branch with its numbers. */

import type { Chat, LibraryDocument, Turn, TurnReport } from '../../contract/app-types.ts';
import type { AnswerEvidence } from '../../contract/evidence.ts';
import { plural } from '../../contract/number-words.ts';
import { placeName } from '../../contract/places.ts';
import { shownPath } from '../../contract/turn-tree.ts';
import { evidenceOf } from '../citations/answer-evidence.ts';
import { safeName } from '../documents/safe-name.ts';
import type { SessionsNeeds } from './needs.ts';

export async function exportChat(rooms: SessionsNeeds, chatId: string, format: 'markdown' | 'json') {
  const chat = rooms.chats.get(chatId);
  const document = rooms.documents.get(chat.documentId);
  const turns = rooms.chats.turns(chatId);
  if (format === 'json')
    return {
      fileName: safeName(`${chat.title}.json`),
      mediaType: 'application/json',
      text: asJson(chat, document, turns),
    };
  const shown: { turn: Turn; found: AnswerEvidence | undefined }[] = [];
  for (const turn of shownPath(turns)) shown.push({ turn, found: await foundFor(rooms, turn) });
  return {
    fileName: safeName(`${chat.title}.md`),
    mediaType: 'text/markdown',
    text: asMarkdown(chat, document, shown),
  };
}

/** If the document's text cannot be read, the chat is exported without evidence. */
async function foundFor(rooms: SessionsNeeds, turn: Turn): Promise<AnswerEvidence | undefined> {
  if (turn.state !== 'done' || turn.answer === '') return undefined;
  return evidenceOf(rooms, turn).catch(() => undefined);
}

function asJson(chat: Chat, document: LibraryDocument, turns: readonly Turn[]): string {
  const { name, fileName, format, pages, tokens } = document;
  const content = {
    format: 'rocketdoc-chat',
    version: 1,
    title: chat.title,
    createdAt: new Date(chat.createdAt).toISOString(),
    document: { name, fileName, format, pages, tokens },
    turns: turns.map(({ chatId: _, createdAt, ...turn }) => ({
      ...turn,
      createdAt: new Date(createdAt).toISOString(),
    })),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function asMarkdown(
  chat: Chat,
  document: LibraryDocument,
  shown: readonly { turn: Turn; found: AnswerEvidence | undefined }[],
): string {
  const parts = [`# ${oneLine(chat.title)}`, `About ${oneLine(document.name)}.`];
  for (const { turn, found } of shown) {
    // Quoted line by line, so that Markdown in a question stays inside the quote.
    parts.push(turn.question.replace(/^/gm, '> '));
    if (turn.answer !== '') parts.push(turn.answer);
    if (found) parts.push(...evidenceLines(found));
    if (turn.report) parts.push(`*${numbers(turn.report)}*`);
    if (turn.state === 'stopped') parts.push('*Stopped before its end.*');
    if (turn.state === 'failed') parts.push(`*Failed: ${oneLine(turn.failure?.message ?? 'no reason was given')}*`);
  }
  return `${parts.join('\n\n')}\n`;
}

function evidenceLines({ evidence, unsupported, isFound }: AnswerEvidence): string[] {
  const places = evidence.map((entry) => `- \\[${asText(placeName(entry))}\\] "${asText(entry.sentence)}"`);
  const statements = unsupported.filter(({ kind }) => kind === 'statement').map(({ text }) => `"${asText(text)}"`);
  const others = unsupported.filter(({ kind }) => kind !== 'statement').map(({ text }) => asText(text));
  const nowhere = isFound ? [...statements, ...others] : others;
  const notFound = `Not found in the document${nowhere.length > 0 ? `: ${nowhere.join(', ')}` : ''}`;
  return [
    ...(places.length > 0 ? [places.join('\n')] : []),
    ...(isFound && nowhere.length === 0 ? [] : [`*${notFound}*`]),
  ];
}

/** Escapes the document's words, so that they are not read as Markdown or HTML. */
const asText = (words: string) => oneLine(words).replace(/[\\`*_{}[\]<>()#+!|&~$]/g, '\\$&');

function numbers({ mode, counters, generatedTokens, timings, finishReason }: TurnReport): string {
  const { budgets, rowsKept, rowsTotal } = counters;
  const isFull = mode === 'full' || budgets.dense;
  const parts = [
    mode,
    isFull ? `all ${rowsTotal} rows` : `budget ${budgets.tokenBudget}, kept ${rowsKept} of ${rowsTotal} rows`,
    plural(generatedTokens, 'token'),
    timings.decodeMs > 0 ? `${((generatedTokens / timings.decodeMs) * 1000).toFixed(1)} tok/s` : '',
    timings.drafted > 0 ? `${timings.accepted} of ${plural(timings.drafted, 'draft')} accepted` : '',
    `first token ${(timings.firstTokenMs / 1000).toFixed(1)} s`,
    finishReason === 'length' ? 'cut at the longest answer' : 'ended by itself',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
