/** Saves a chat as a file. */
import { saveFile } from './bridge/browser.ts';
import { chatFile } from './stores/chat-list.ts';

export async function exportChat(chatId: string, format: 'markdown' | 'json'): Promise<void> {
  const file = await chatFile(chatId, format);
  if (file) saveFile(file.fileName, file.text, `${file.mediaType};charset=utf-8`);
}
