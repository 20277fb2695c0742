/** What can be done with a chat: rename, save as a file, remove. */
import { Menu } from '@base-ui/react/menu';
import { Ellipsis } from 'lucide-react';
import { useRef } from 'react';
import type { Chat } from '../../../electron/contract/app-types.ts';
import { exportChat } from '../../export-chat.ts';
import { plural } from '../../format.ts';
import { useChat } from '../../stores/chat.ts';
import { askToRemove, removeChat, renameChat } from '../../stores/chat-list.ts';
import { startRemovingChat, startRenamingChat, useUi } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { RenameForm } from './rename-form.tsx';

const itemClass = 'block w-full rounded-md px-2 py-1.5 text-left outline-none data-highlighted:bg-sunken';

export function ChatMenu({ chat }: { chat: Chat }) {
  const place = useRef<HTMLDivElement>(null);
  const items: [string, () => void][] = [
    ['Rename', () => startRenamingChat(chat.id)],
    ...(chat.turns > 0
      ? ([
          ['Export as Markdown', () => void exportChat(chat.id, 'markdown')],
          ['Export as JSON', () => void exportChat(chat.id, 'json')],
        ] satisfies [string, () => void][])
      : []),
  ];
  return (
    <>
      <div ref={place} />
      <Menu.Root>
        <Menu.Trigger
          aria-label={`Actions for chat: ${chat.title}`}
          className="absolute top-0 right-0 inline-flex size-7 items-center justify-center rounded-md text-muted opacity-0 group-focus-within/chat:opacity-100 group-hover/chat:opacity-100 hover:bg-sunken hover:text-ink data-popup-open:opacity-100"
        >
          <Ellipsis size={16} aria-hidden />
        </Menu.Trigger>
        {/* Rendered within the library's landmark, but outside the part that scrolls, which would cut it off. */}
        <Menu.Portal container={place}>
          <Menu.Positioner sideOffset={4} align="start" positionMethod="fixed" className="z-30">
            <Menu.Popup className="min-w-44 rounded-lg border border-line bg-raised p-1 shadow-(--shadow) outline-none">
              {items.map(([label, run]) => (
                <Menu.Item key={label} className={itemClass} onClick={run}>
                  {label}
                </Menu.Item>
              ))}
              <Menu.Item className={`${itemClass} text-danger`} onClick={() => askToRemove(chat)}>
                Remove
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </>
  );
}

export function RenameChatDialog() {
  const chatId = useUi((ui) => ui.renamingChatId);
  const chat = useChat(({ chats }) => chats.find(({ id }) => id === chatId));
  const close = () => startRenamingChat(null);
  return (
    <Dialog title="Rename chat" open={chat !== undefined} onClose={close}>
      {chat && (
        <RenameForm
          key={chat.id}
          label="Title"
          name={chat.title}
          onName={(title) => void renameChat(chat.id, title)}
          close={close}
        />
      )}
    </Dialog>
  );
}

/** Asks before a chat is removed, because its answers are removed with it. */
export function RemoveChatDialog() {
  const chatId = useUi((ui) => ui.removingChatId);
  const chat = useChat(({ chats }) => chats.find(({ id }) => id === chatId));
  const close = () => startRemovingChat(null);
  return (
    <Dialog title="Remove chat" open={chat !== undefined} onClose={close}>
      <p className="wrap-anywhere">
        {chat?.title} is removed with {plural(chat?.turns ?? 0, 'question')} and what was answered. The document stays.
      </p>
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>Cancel</Button>
        <Button
          kind="danger"
          onClick={() => {
            close();
            if (chat) void removeChat(chat.id);
          }}
        >
          Remove
        </Button>
      </div>
    </Dialog>
  );
}
