/** A chat as a file: Markdown holds what is shown, JSON every branch with its numbers. Pure but for the stores it reads. */
import type { Chat, LibraryDocument, Turn, TurnReport } from '../../contract/app-types.ts';
import { shownPath } from '../../contract/turn-tree.ts';
import type { App } from '../app.ts';
import { safeName } from '../documents/uploads.ts';

export function exportChat(app: App, chatId: string, format: 'markdown' | 'json') {
  const chat = app.chats.get(chatId);
  const document = app.documents.get(chat.documentId);
  const turns = app.chats.turns(chatId);
  return format === 'json'
    ? { fileName: safeName(`${chat.title}.json`), mediaType: 'application/json', text: asJson(chat, document, turns) }
    : { fileName: safeName(`${chat.title}.md`), mediaType: 'text/markdown', text: asMarkdown(chat, document, turns) };
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

function asMarkdown(chat: Chat, document: LibraryDocument, turns: readonly Turn[]): string {
  const parts = [`# ${oneLine(chat.title)}`, `About ${oneLine(document.name)}.`];
  for (const turn of shownPath(turns)) {
    // Quoted line by line: whatever a question says stays inside it.
    parts.push(turn.question.replace(/^/gm, '> '));
    if (turn.answer !== '') parts.push(turn.answer);
    if (turn.report) parts.push(`*${numbers(turn.report)}*`);
    if (turn.state === 'stopped') parts.push('*Stopped before its end.*');
    if (turn.state === 'failed') parts.push(`*Failed: ${oneLine(turn.failure?.message ?? 'no reason was given')}*`);
  }
  return `${parts.join('\n\n')}\n`;
}

function numbers({ mode, counters, generatedTokens, timings, finishReason }: TurnReport): string {
  const { budgets, rowsKept, rowsTotal } = counters;
  const isFull = mode === 'full' || budgets.dense;
  const parts = [
    mode,
    isFull ? `all ${rowsTotal} rows` : `budget ${budgets.tokenBudget}, kept ${rowsKept} of ${rowsTotal} rows`,
    `${generatedTokens} tokens`,
    timings.decodeMs > 0 ? `${((generatedTokens / timings.decodeMs) * 1000).toFixed(1)} tok/s` : '',
    `first token ${(timings.firstTokenMs / 1000).toFixed(1)} s`,
    finishReason === 'length' ? 'cut at the longest answer' : 'ended by itself',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
