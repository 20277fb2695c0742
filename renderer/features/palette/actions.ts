/** Everything that can be done now, by name: what the palette lists. Built anew each time it opens, from what is open then. */
import type { Turn } from '../../../electron/contract/app-types.ts';
import type { AnswerMode } from '../../../electron/contract/method.ts';
import { copyText, focusOn, pickFiles } from '../../bridge/browser.ts';
import { exportChat } from '../../export-chat.ts';
import { count, plural } from '../../format.ts';
import { modeNames } from '../../mode-names.ts';
import { answerAgain, openChat, selectMeasured, startEditing, useChat } from '../../stores/chat.ts';
import { askToRemove, forkChat } from '../../stores/chat-list.ts';
import { changeChoice, useDocumentChoice } from '../../stores/document-choice.ts';
import { cancelJob, restartEngine, selectHeld, selectJob, useEngine } from '../../stores/engine.ts';
import { addFiles, addGrant, openDocument, releaseDocument, selectDocument, useLibrary } from '../../stores/library.ts';
import { startPicking } from '../../stores/library-search.ts';
import { readDocument, useReading } from '../../stores/reading.ts';
import { changeSettings, useSettings } from '../../stores/settings.ts';
import { notify, openOverlay, openTuning, startRenamingChat, toggleLibrary, useUi } from '../../stores/ui.ts';
import { type Shortcut, shortcuts } from './shortcuts.ts';

export interface Action {
  id: string;
  label: string;
  /** What the action is about, or what it would change; searched too. */
  detail?: string;
  keys?: string;
  run: () => void;
}

export interface ActionGroup {
  value: string;
  items: Action[];
}

export function actionsNow(): ActionGroup[] {
  const groups: ActionGroup[] = [
    { value: 'Chat', items: chatActions() },
    { value: 'Document', items: documentActions() },
    { value: 'Window', items: windowActions() },
    { value: 'Next question', items: modeActions() },
    { value: 'Go to', items: places() },
  ];
  return groups.filter(({ items }) => items.length > 0);
}

const byKey = (id: string, label: string, { shown, run }: Shortcut): Action => ({ id, label, keys: shown, run });

function chatActions(): Action[] {
  const { chatId, chats, documentId, live, turns } = useChat.getState();
  if (documentId === null) return [];
  const items: Action[] = [byKey('new-chat', 'New chat', shortcuts.newChat)];
  if (live) items.push(byKey('stop', 'Stop the answer', shortcuts.stop));
  const last = turns.findLast((turn) => turn.state === 'done');
  if (last && !live) items.push(...answerActions(last));
  const chat = chats.find(({ id }) => id === chatId);
  if (!chat) return items;
  const detail = chat.title;
  if (turns.length > 0)
    items.push(
      { id: 'export-md', label: 'Export chat as Markdown', detail, run: () => void exportChat(chat.id, 'markdown') },
      { id: 'export-json', label: 'Export chat as JSON', detail, run: () => void exportChat(chat.id, 'json') },
    );
  items.push(
    { id: 'rename-chat', label: 'Rename chat', detail, run: () => startRenamingChat(chat.id) },
    { id: 'remove-chat', label: 'Remove chat', detail, run: () => askToRemove(chat) },
  );
  return items;
}

function answerActions(turn: Turn): Action[] {
  const detail = turn.question;
  const items: Action[] = [
    { id: 'edit', label: 'Edit the last question', detail, run: () => startEditing(turn) },
    {
      id: 'copy',
      label: 'Copy the last answer',
      detail,
      run: async () => notify((await copyText(turn.answer)) ? 'Answer copied.' : 'The clipboard is not allowed here.'),
    },
    {
      id: 'again',
      label: 'Another answer, drawn by chance',
      detail,
      run: () => void answerAgain(turn, { ...turn.choice, sampled: true }),
    },
    { id: 'fork', label: 'Fork the chat at the last answer', detail, run: () => void forkChat(turn.id) },
  ];
  const report = selectMeasured({ turns: [turn] })?.report;
  if (!report || report.mode === 'full' || report.counters.budgets.dense) return items;
  const tokenBudget = 2 * report.counters.budgets.tokenBudget;
  items.push(
    { id: 'full', label: 'Answer with full KV', detail, run: () => void answerAgain(turn, { mode: 'full' }, true) },
    {
      id: 'twice',
      label: `Answer with twice the budget (${count(tokenBudget)})`,
      detail,
      run: () => void answerAgain(turn, { mode: report.mode, tokenBudget }, true),
    },
  );
  return items;
}

function documentActions(): Action[] {
  const { grants, documents } = useLibrary.getState();
  const items: Action[] = [
    { id: 'add', label: 'Add a document', run: () => pickFiles(addFiles) },
    { id: 'paste', label: 'Paste text as a document', run: () => openOverlay('paste') },
    ...grants.map((grant) => ({ id: `grant ${grant.id}`, label: `Add ${grant.name}`, run: () => addGrant(grant) })),
  ];
  if (documents.length > 0) items.push({ id: 'search', label: 'Search names and text', run: inLibrary(searchField) });
  if (documents.filter(({ joined }) => joined === 0).length > 1)
    items.push({ id: 'join', label: 'Ask several documents together', run: inLibrary(startPicking) });
  const document = selectDocument(useLibrary.getState());
  if (!document) return items;
  const engine = useEngine.getState();
  const reading = selectJob('reading', document.id)(engine);
  const detail = document.name;
  const { documentId, range } = useReading.getState();
  if (reading) items.push({ id: 'stop-reading', label: 'Stop reading', detail, run: () => void cancelJob(reading.id) });
  else if (selectHeld(document.id)(engine))
    items.push(
      { id: 'tune', label: 'Tune: choose a token budget by measuring', detail, run: openTuning },
      { id: 'free', label: 'Free its memory', detail, run: () => void releaseDocument(document.id) },
    );
  else
    items.push({
      id: 'read',
      label: 'Read document',
      detail,
      run: () => void readDocument(document.id, documentId === document.id ? range : null),
    });
  return items;
}

const searchField = () => focusOn('library-search');

/** Opens the library column first; the action runs when the column has been drawn. */
const inLibrary = (run: () => void) => () => {
  if (!useUi.getState().libraryOpen) toggleLibrary();
  setTimeout(run);
};

function windowActions(): Action[] {
  const theme = useSettings.getState().settings?.theme;
  const themes = (['system', 'light', 'dark'] as const).filter((name) => name !== theme);
  return [
    byKey('settings', 'Settings', shortcuts.settings),
    { ...byKey('models', 'Models', shortcuts.models), detail: 'choose, download, open in place' },
    byKey('library', useUi.getState().libraryOpen ? 'Hide the library' : 'Show the library', shortcuts.library),
    byKey(
      'inspector',
      useUi.getState().inspectorOpen ? 'Hide the KV cache panel' : 'Show the KV cache panel',
      shortcuts.inspector,
    ),
    byKey('shortcuts', 'Keyboard shortcuts', shortcuts.shortcuts),
    { id: 'about', label: 'About RocketDoc', detail: 'version, model, licences', run: () => openOverlay('about') },
    ...themes.map((name) => ({
      id: `theme ${name}`,
      label: name === 'system' ? 'Theme of the system' : `Theme: ${name}`,
      run: () => void changeSettings({ theme: name }),
    })),
    { id: 'restart', label: 'Restart the engine', detail: 'frees what it holds', run: () => void restartEngine() },
  ];
}

function modeActions(): Action[] {
  const mode = (useDocumentChoice.getState().choice ?? useSettings.getState().settings)?.mode;
  return (Object.keys(modeNames) as AnswerMode[])
    .filter((name) => name !== mode && name !== 'exact-topk')
    .map((name) => ({
      id: `mode ${name}`,
      label: `Mode: ${modeNames[name]}`,
      run: () => void changeChoice({ mode: name }),
    }));
}

function places(): Action[] {
  const { chats, chatId } = useChat.getState();
  const { documents, selectedId } = useLibrary.getState();
  return [
    ...chats
      .filter(({ id }) => id !== chatId)
      .map(({ id, title, turns }) => ({
        id: `chat ${id}`,
        label: title,
        detail: `chat, ${plural(turns, 'question')}`,
        run: () => void openChat(id),
      })),
    ...documents
      .filter(({ id }) => id !== selectedId)
      .map(({ id, name }) => ({
        id: `document ${id}`,
        label: name,
        detail: 'document',
        run: () => void openDocument(id),
      })),
  ];
}
