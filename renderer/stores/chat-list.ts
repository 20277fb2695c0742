/** What can be done with a chat as a whole: rename, remove, fork, make a file of it. */
import type { Chat } from '../../electron/contract/app-types.ts';
import { api, failureOf } from './api.ts';
import { openChat, openChatsOf, refreshChats, useChat } from './chat.ts';
import { notify, startRemovingChat } from './ui.ts';

async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
    return undefined;
  }
}

export const renameChat = (chatId: string, title: string) =>
  attempt(async () => {
    await api().chats.rename({ chatId, title });
    await refreshChats();
  });

/** Asks first, except for an empty chat: nothing is lost with that. */
export function askToRemove({ id, turns }: Chat): void {
  if (turns > 0) startRemovingChat(id);
  else void removeChat(id);
}

export const removeChat = (chatId: string) =>
  attempt(async () => {
    await api().chats.remove({ chatId });
    const { chatId: openId, documentId } = useChat.getState();
    if (openId === chatId) await openChatsOf(documentId);
    else await refreshChats();
  });

/** Opens the copy; the original stays as it is. */
export const forkChat = (turnId: string) =>
  attempt(async () => {
    const chat = await api().chats.fork({ turnId });
    await refreshChats();
    await openChat(chat.id);
    notify(`Forked into “${chat.title}”.`);
  });

export const chatFile = (chatId: string, format: 'markdown' | 'json') =>
  attempt(() => api().chats.export({ chatId, format }));
