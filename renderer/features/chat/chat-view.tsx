/** The middle column's chat: questions and answers in a list that draws only what is seen, and follows an answer as it grows. */

import { useEffect, useRef } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { useChat } from '../../stores/chat.ts';
import { TurnView } from './turn-view.tsx';

export function ChatView() {
  const turns = useChat((state) => state.turns);
  const chatId = useChat((state) => state.chatId);
  const list = useRef<VirtuosoHandle>(null);
  const answering = turns.at(-1)?.state === 'answering';
  // A question of one's own is always brought into sight; an answer only follows when its end was in sight.
  useEffect(() => {
    if (answering) list.current?.scrollToIndex({ index: 'LAST', align: 'end' });
  }, [answering]);
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
      followOutput="auto"
      itemContent={(index, turn) => (
        <div className="mx-auto w-full max-w-[760px] px-6 py-4">
          <TurnView turn={turn} beginsAnew={beginsAnew(turns, index)} />
        </div>
      )}
    />
  );
}

/** The model does not remember what came before this turn. */
function beginsAnew(turns: readonly Turn[], index: number): boolean {
  const before = turns.slice(0, index).findLast((turn) => turn.state === 'done');
  return before !== undefined && before.session !== turns[index]?.session;
}
