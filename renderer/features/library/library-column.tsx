/** The left column: documents with their state, the chats of the open one, files on their way in. */
import { FileText, MessageSquare, Plus, Trash2 } from 'lucide-react';
import { useRef, useState } from 'react';
import type { Chat, LibraryDocument } from '../../../electron/contract/app-types.ts';
import { bytes, count, plural } from '../../format.ts';
import { newChat, openChat, removeChat, useChat } from '../../stores/chat.ts';
import { selectHeld, selectJob, useEngine } from '../../stores/engine.ts';
import { addFiles, openDocument, useLibrary } from '../../stores/library.ts';
import { IconButton } from '../../ui/button.tsx';
import { DocumentMenu } from './document-menu.tsx';
import { IncomingFile } from './incoming-file.tsx';

export function LibraryColumn() {
  const documents = useLibrary((library) => library.documents);
  const incoming = useLibrary((library) => library.incoming);
  const isLoaded = useLibrary((library) => library.isLoaded);
  const [search, setSearch] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const found = documents.filter(({ name }) => name.toLowerCase().includes(search.trim().toLowerCase()));
  return (
    <nav aria-label="Library" className="flex h-full flex-col bg-chrome">
      <div className="flex h-11 items-center justify-between pr-2 pl-4">
        <h2 className="font-[600]">Library</h2>
        <IconButton label="Add a document" onClick={() => input.current?.click()}>
          <Plus size={16} aria-hidden />
        </IconButton>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          data-testid="add-files"
          onChange={(event) => {
            addFiles([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
      </div>
      {documents.length > 5 && (
        <div className="px-3 pb-2">
          <input
            type="search"
            aria-label="Search documents by name"
            placeholder="Search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            className="h-7 w-full rounded-md border border-line-strong bg-surface px-2"
          />
        </div>
      )}
      {/* The list itself takes focus so that the keyboard can scroll it. */}
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        {incoming.map((file) => (
          <IncomingFile key={file.key} file={file} />
        ))}
        <ul className="space-y-0.5">
          {found.map((document) => (
            <DocumentRow key={document.id} document={document} />
          ))}
        </ul>
        {isLoaded && documents.length === 0 && incoming.length === 0 && (
          <p className="px-2 py-1 text-muted">No documents yet. Drop one on the window.</p>
        )}
        {documents.length > 0 && found.length === 0 && (
          <p className="px-2 py-1 wrap-anywhere text-muted">No document is named like “{search.trim()}”.</p>
        )}
      </div>
    </nav>
  );
}

function DocumentRow({ document }: { document: LibraryDocument }) {
  const isOpen = useLibrary((library) => library.selectedId === document.id);
  return (
    <li>
      <div
        className={`group flex items-center rounded-lg pr-1 ${isOpen ? 'bg-accent-soft' : 'hover:bg-sunken'} transition-colors duration-150`}
      >
        <button
          type="button"
          aria-current={isOpen || undefined}
          onClick={() => void openDocument(document.id)}
          className="flex min-w-0 flex-1 gap-2 px-2 py-1.5 text-left"
        >
          <FileText size={16} aria-hidden className={`mt-0.5 shrink-0 ${isOpen ? 'text-accent' : 'text-muted'}`} />
          <span className="min-w-0 flex-1">
            <span className="block truncate font-[520]" title={document.name}>
              {document.name}
            </span>
            <span className="tabular block truncate text-[12px] leading-4 text-muted">
              {plural(document.pages, document.format === 'pdf' ? 'page' : 'section')}
              {document.tokens !== null && `, ${count(document.tokens)} tokens`}
            </span>
            <DocumentState documentId={document.id} />
          </span>
        </button>
        <DocumentMenu document={document} />
      </div>
      {isOpen && <ChatList />}
    </li>
  );
}

function DocumentState({ documentId }: { documentId: string }) {
  const held = useEngine(selectHeld(documentId));
  const reading = useEngine(selectJob('reading', documentId));
  const answering = useEngine(selectJob('answering', documentId));
  const text = reading
    ? `reading ${reading.total > 0 ? Math.floor((reading.done / reading.total) * 100) : 0} %`
    : answering
      ? 'answering'
      : held
        ? `in memory, ${bytes(held.bytes)}`
        : 'not in memory';
  const isBusy = reading !== undefined || answering !== undefined;
  return (
    <span className="tabular flex items-center gap-1.5 text-[12px] leading-4 text-muted">
      <span
        aria-hidden
        className={`size-1.5 rounded-full border ${isBusy ? 'border-accent bg-transparent' : held ? 'border-ok bg-ok' : 'border-muted'}`}
      />
      {text}
    </span>
  );
}

function ChatList() {
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
    <li className={`group flex items-center rounded-md ${isOpen ? 'bg-sunken' : 'hover:bg-sunken'}`}>
      <button
        type="button"
        aria-current={isOpen || undefined}
        onClick={() => void openChat(chat.id)}
        className="flex h-7 min-w-0 flex-1 items-center gap-2 px-2 text-left"
      >
        <MessageSquare size={14} aria-hidden className="shrink-0 text-muted" />
        <span className="truncate" title={chat.title}>
          {chat.title}
        </span>
      </button>
      <IconButton
        label={`Remove chat: ${chat.title}`}
        className="opacity-0 group-focus-within:opacity-100 group-hover:opacity-100"
        onClick={() => void removeChat(chat.id)}
      >
        <Trash2 size={14} aria-hidden />
      </IconButton>
    </li>
  );
}
