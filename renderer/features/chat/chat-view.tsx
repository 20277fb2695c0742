/** The middle column's chat: questions and answers in a list that draws only what is seen, and follows an answer as it grows. */

import { useEffect, useMemo, useRef } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { useChat } from '../../stores/chat.ts';
import { useCitations } from '../../stores/citations.ts';
import { TurnView } from './turn-view.tsx';

export function ChatView() {
  const turns = useChat((state) => state.turns);
  const tree = useChat((state) => state.tree);
  const chatId = useChat((state) => state.chatId);
  const versions = useMemo(() => versionsIn(tree), [tree]);
  const list = useRef<VirtuosoHandle>(null);
  const askedId = useChat((state) => state.askedId);
  const lastId = turns.at(-1)?.id ?? '';
  // A question asked in this window is always scrolled into sight; an answer that grows is followed only if its end was in sight.
  const isOwn = askedId === lastId;
  useEffect(() => {
    if (askedId) list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
  }, [askedId]);
  // The evidence, which comes after the answer's end, is followed under the same condition.
  const isCited = useCitations(({ ofTurn }) => ofTurn[lastId] !== undefined);
  useEffect(() => {
    if (isCited) list.current?.autoscrollToBottom();
  }, [isCited]);
  return (
    <Virtuoso
      key={chatId}
      ref={list}
      className="h-full"
      aria-label="Questions and answers"
      role="log"
      data={turns}
      computeItemKey={(_, turn) => turn.id}
      initialTopMostItemIndex={Math.max(0, turns.length - 1)}
      // The list calls this after it has measured the new question; scrolling earlier stops at the question above.
      followOutput={(isAtBottom) => (isAtBottom || isOwn ? 'auto' : false)}
      itemContent={(_, turn) => <TurnView turn={turn} versions={versions.get(turn.parentId) ?? []} />}
    />
  );
}

function versionsIn(tree: readonly Turn[]): Map<string | null, Turn[]> {
  const versions = new Map<string | null, Turn[]>();
  for (const turn of tree) versions.set(turn.parentId, [...(versions.get(turn.parentId) ?? []), turn]);
  return versions;
}
