/** The chats of the open document. */
import { MessageSquare, Plus } from 'lucide-react';
import type { Chat } from '../../../electron/contract/app-types.ts';
import { dragProps } from '../../drag-out.ts';
import { newChat, openChat, useChat } from '../../stores/chat.ts';
import { ChatMenu } from './chat-menu.tsx';

export function ChatList() {
  const chats = useChat((state) => state.chats);
  return (
    <ul className="my-1 ml-4 space-y-0.5 border-l border-line pl-2">
      {chats.map((chat) => (
        <ChatRow key={chat.id} chat={chat} />
      ))}
      {chats.length > 0 && (
        <li>
          <button
            type="button"
            onClick={() => void newChat()}
            className="flex h-7 w-full items-center gap-2 rounded-md px-2 text-muted hover:bg-sunken hover:text-ink"
          >
            <Plus size={14} aria-hidden />
            New chat
          </button>
        </li>
      )}
    </ul>
  );
}

function ChatRow({ chat }: { chat: Chat }) {
  const isOpen = useChat((state) => state.chatId === chat.id);
  return (
    <li className={`group/chat relative flex rounded-md ${isOpen ? 'bg-sunken' : 'hover:bg-sunken'}`}>
      <button
        type="button"
        aria-current={isOpen || undefined}
        onClick={() => void openChat(chat.id)}
        {...(chat.turns > 0 && dragProps({ type: 'chat', chatId: chat.id, format: 'markdown' }))}
        className="flex h-7 min-w-0 flex-1 items-center gap-2 px-2 text-left group-focus-within/chat:pr-8 group-hover/chat:pr-8"
      >
        <MessageSquare size={14} aria-hidden className="shrink-0 text-muted" />
        <span className="truncate" title={chat.title}>
          {chat.title}
        </span>
      </button>
      <ChatMenu chat={chat} />
    </li>
  );
}
