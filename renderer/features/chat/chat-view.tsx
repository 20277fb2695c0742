/** The middle column's chat: questions and answers in a list that draws only what is seen, and follows an answer as it grows. */

import { useEffect, useMemo } from 'react';
import { Virtuoso } from 'react-virtuoso';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { useChat } from '../../stores/chat.ts';
import { useFollowedEnd } from './follow-end.ts';
import { TurnView } from './turn-view.tsx';

export function ChatView() {
  const turns = useChat((state) => state.turns);
  const tree = useChat((state) => state.tree);
  const chatId = useChat((state) => state.chatId);
  const versions = useMemo(() => versionsIn(tree), [tree]);
  const askedId = useChat((state) => state.askedId);
  const { follow, ...followed } = useFollowedEnd();
  // A question asked in this window is always scrolled into sight; what grows, an answer and the evidence after its end, is followed only
  // if its end was in sight.
  useEffect(() => {
    if (askedId) follow();
  }, [askedId, follow]);
  return (
    <Virtuoso
      key={chatId}
      className="h-full"
      aria-label="Questions and answers"
      role="log"
      data={turns}
      computeItemKey={(_, turn) => turn.id}
      initialTopMostItemIndex={Math.max(0, turns.length - 1)}
      {...followed}
      itemContent={(_, turn) => <TurnView turn={turn} versions={versions.get(turn.parentId) ?? []} />}
    />
  );
}

function versionsIn(tree: readonly Turn[]): Map<string | null, Turn[]> {
  const versions = new Map<string | null, Turn[]>();
  for (const turn of tree) versions.set(turn.parentId, [...(versions.get(turn.parentId) ?? []), turn]);
  return versions;
}
