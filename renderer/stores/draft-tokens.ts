/** How many tokens the question has that is being written: counted with the open model's vocabulary when typing pauses. */
import { create } from 'zustand';
import { api } from './api.ts';
import { useChat } from './chat.ts';

/** null: nothing is written, or it could not be counted. */
export const useDraftTokens = create<{ tokens: number | null }>(() => ({ tokens: null }));

const pauseMs = 150;
let waiting: ReturnType<typeof setTimeout> | undefined;

export function countDraft(): void {
  clearTimeout(waiting);
  const text = useChat.getState().draft.trim();
  if (text === '') {
    useDraftTokens.setState({ tokens: null });
    return;
  }
  waiting = setTimeout(async () => {
    const counted = await api()
      .countTokens({ text })
      .catch(() => null);
    if (useChat.getState().draft.trim() === text) useDraftTokens.setState({ tokens: counted?.tokens ?? null });
  }, pauseMs);
}
