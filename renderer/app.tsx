/** The window: three columns, the status bar, and the dialogs above them. A feature imports no other one: they are put together here. */

import { PanelLeft, PanelRight } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { Group, Panel, Separator, useDefaultLayout } from 'react-resizable-panels';
import { useShallow } from 'zustand/react/shallow';
import type { AnswerMode } from '../electron/contract/method.ts';
import { recall, remember } from './bridge/browser.ts';
import { Connecting } from './connecting.tsx';
import { DocumentPage } from './document-page.tsx';
import { AboutDialog } from './features/about/about-dialog.tsx';
import { FirstRun } from './features/first-run/first-run.tsx';
import { RemoveChatDialog, RenameChatDialog } from './features/library/chat-menu.tsx';
import { LibraryColumn } from './features/library/library-column.tsx';
import { LibraryNotices } from './features/library/library-notices.tsx';
import { PasteDialog } from './features/library/paste-dialog.tsx';
import { ModelsDialog } from './features/models/models-dialog.tsx';
import { CommandPalette } from './features/palette/command-palette.tsx';
import { ShortcutSheet } from './features/palette/shortcut-sheet.tsx';
import { SettingsDialog } from './features/settings/settings-dialog.tsx';
import { StatusBar } from './features/status-bar/status-bar.tsx';
import { TuneDialog } from './features/tune/tune-dialog.tsx';
import { Inspector } from './inspector.tsx';
import { modeNames } from './mode-names.ts';
import { LinkDialog, Notices } from './notices.tsx';
import { useChat } from './stores/chat.ts';
import { changeChoice, useDocumentChoice } from './stores/document-choice.ts';
import { selectDocument, useLibrary } from './stores/library.ts';
import { closeOverlays, toggleInspector, toggleLibrary, useUi } from './stores/ui.ts';
import { IconButton } from './ui/button.tsx';
import { Select } from './ui/field.tsx';

const layoutStorage = {
  getItem: recall,
  setItem: remember,
};

export function App() {
  const connection = useUi((ui) => ui.connection);
  if (connection === 'refused') return <Refused />;
  return (
    <div className="flex h-full flex-col">
      <LibraryNotices />
      <Columns />
      <StatusBar />
      <SettingsDialog />
      <TuneDialog />
      <ModelsDialog />
      <LinkDialog />
      <CommandPalette />
      <ShortcutSheet />
      <PasteDialog />
      <AboutDialog />
      <RenameChatDialog />
      <RemoveChatDialog />
      <Notices />
      <DropOverlay />
    </div>
  );
}

function Columns() {
  const { width, libraryOpen, inspectorOpen } = useUi(
    useShallow(({ width, libraryOpen, inspectorOpen }) => ({ width, libraryOpen, inspectorOpen })),
  );
  const document = useLibrary(selectDocument);
  const showsLibrary = libraryOpen && width !== 'narrow';
  const showsInspector = inspectorOpen && width === 'wide' && document !== undefined;
  const panelIds = useMemo(
    () =>
      ['library', 'middle', 'inspector'].filter((id) =>
        id === 'library' ? showsLibrary : id === 'inspector' ? showsInspector : true,
      ),
    [showsLibrary, showsInspector],
  );
  const { defaultLayout, onLayoutChanged } = useDefaultLayout({ id: 'columns', panelIds, storage: layoutStorage });
  return (
    <main className="relative min-h-0 flex-1">
      <Group
        key={panelIds.join()}
        orientation="horizontal"
        className="h-full"
        defaultLayout={defaultLayout}
        onLayoutChanged={onLayoutChanged}
      >
        {showsLibrary && (
          <>
            <Panel id="library" defaultSize={248} minSize={200} maxSize={420}>
              <LibraryColumn />
            </Panel>
            <Divider label="Width of the library" />
          </>
        )}
        <Panel id="middle" minSize={360}>
          <Middle />
        </Panel>
        {showsInspector && (
          <>
            <Divider label="Width of the inspector" />
            <Panel id="inspector" defaultSize={364} minSize={300} maxSize={560}>
              <Inspector document={document} />
            </Panel>
          </>
        )}
      </Group>
      {width === 'narrow' && libraryOpen && (
        <Overlay side="left">
          <LibraryColumn />
        </Overlay>
      )}
      {width !== 'wide' && inspectorOpen && document && (
        <Overlay side="right">
          <Inspector document={document} />
        </Overlay>
      )}
    </main>
  );
}

function Middle() {
  const document = useLibrary(selectDocument);
  const isLoaded = useLibrary((library) => library.isLoaded);
  const chat = useChat(({ chats, chatId }) => chats.find((entry) => entry.id === chatId));
  return (
    <section aria-label="Document" className="flex h-full flex-col bg-surface contain-strict">
      <header className="flex h-11 shrink-0 items-center gap-2 border-b border-line px-2">
        <IconButton label="Library (Ctrl+B)" onClick={toggleLibrary}>
          <PanelLeft size={16} aria-hidden />
        </IconButton>
        <div className="flex min-w-0 flex-1 items-center gap-2">
          {document && <h1 className="truncate font-[560]">{document.name}</h1>}
          {document && chat && (
            <>
              <span aria-hidden className="text-muted">
                ›
              </span>
              <span className="truncate text-muted">{chat.title}</span>
            </>
          )}
        </div>
        {document && <ModeChoice />}
        {document && (
          <IconButton label="Memory and document (Ctrl+J)" onClick={toggleInspector}>
            <PanelRight size={16} aria-hidden />
          </IconButton>
        )}
      </header>
      <div className="min-h-0 flex-1">
        {document ? <DocumentPage key={document.id} document={document} /> : isLoaded ? <FirstRun /> : <Connecting />}
      </div>
    </section>
  );
}

/** Chooses the mode of the next question without the settings being opened. */
function ModeChoice() {
  const mode = useDocumentChoice((state) => state.choice?.mode);
  if (!mode) return null;
  const names: AnswerMode[] = ['rocketkv-mt', 'rocketkv', 'full', 'snapkv', 'hsa'];
  return (
    <Select
      aria-label="Mode of the next question"
      value={mode}
      options={(names.includes(mode) ? names : [...names, mode]).map((value) => ({ value, label: modeNames[value] }))}
      onChange={(next) => void changeChoice({ mode: next })}
      className="h-7 rounded-md bg-transparent px-1 text-muted hover:bg-sunken hover:text-ink"
    />
  );
}

function Refused() {
  return (
    <main className="flex h-full items-center justify-center p-8">
      <div className="max-w-[52ch] text-center">
        <h1 className="text-title font-[620]">This window is not signed in</h1>
        <p className="mt-2 text-muted">
          RocketDoc gives each window a link that works once. Press Enter in the terminal where it runs, and open the
          new link here.
        </p>
      </div>
    </main>
  );
}

function Divider({ label }: { label: string }) {
  return (
    <Separator
      aria-label={label}
      className="w-px bg-line transition-colors duration-150 hover:bg-accent focus-visible:bg-accent data-[separator=drag]:bg-accent"
    />
  );
}

function Overlay({ side, children }: { side: 'left' | 'right'; children: ReactNode }) {
  const place = side === 'left' ? 'left-0 border-r' : 'right-0 border-l';
  return (
    <>
      <button
        type="button"
        aria-label="Close the column"
        onClick={closeOverlays}
        className="absolute inset-0 z-10 bg-black/25"
      />
      <div className={`absolute inset-y-0 z-20 w-[min(364px,88vw)] border-line shadow-(--shadow) ${place}`}>
        {children}
      </div>
    </>
  );
}

function DropOverlay() {
  const dropping = useUi((ui) => ui.dropping);
  if (!dropping) return null;
  return (
    <section aria-label="Drop" className="pointer-events-none fixed inset-0 z-50 bg-surface/70 p-4">
      <div className="flex h-full items-center justify-center rounded-xl border-2 border-dashed border-accent">
        <p className="rounded-xl border border-line bg-raised px-6 py-4 text-title font-[620] shadow-(--shadow)">
          Drop to add to the library
        </p>
      </div>
    </section>
  );
}
