// @vitest-environment happy-dom
/// <reference lib="dom" />
/** The receipt as it is drawn, and the calls that a click in it makes. */
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddEvent, LibraryDocument } from '../../../electron/contract/app-types.ts';
import { defaultParseChoice } from '../../../electron/contract/documents.ts';
import { defaultSettings } from '../../../electron/contract/settings.ts';
import { Receipt } from '../../../renderer/receipt/receipt.tsx';
import { type AppClient, setApi } from '../../../renderer/stores/api.ts';
import { useDocumentView } from '../../../renderer/stores/document-view.ts';
import { useLibrary } from '../../../renderer/stores/library.ts';
import { keepPassword } from '../../../renderer/stores/passwords.ts';
import { useSettings } from '../../../renderer/stores/settings.ts';
import { useUi } from '../../../renderer/stores/ui.ts';

const documentOf = (more: Partial<LibraryDocument> = {}): LibraryDocument => ({
  id: '1a2b3c4d-0000-4000-8000-000000000001',
  name: 'lease.pdf',
  fileName: 'lease.pdf',
  format: 'pdf',
  fileBytes: 10,
  pages: 12,
  characters: 100,
  tokens: 30,
  chats: 0,
  joined: 0,
  addedAt: 1,
  notes: [],
  reading: defaultParseChoice,
  isOfOlderReader: false,
  ...more,
});
const glyphs = (page: number) => ({
  kind: 'unknown-glyphs' as const,
  count: 2,
  page,
  sentence: `Page ${page} has 2 characters without a known letter.`,
});

let roots: Root[] = [];
let place: HTMLElement;
let asked: unknown[] = [];
let events: (signal: AbortSignal | undefined) => AsyncGenerator<AddEvent, void, void>;

async function draw(document: LibraryDocument, isBrief = false): Promise<void> {
  place = window.document.createElement('div');
  window.document.body.append(place);
  const root = createRoot(place);
  roots.push(root);
  useLibrary.setState({ documents: [document], selectedId: document.id });
  await act(async () => root.render(createElement(Receipt, { document, isBrief })));
}
const buttons = () => [...place.querySelectorAll('button')];
const button = (name: string) => {
  const found = buttons().find((each) => (each.getAttribute('aria-label') ?? each.textContent) === name);
  if (!found) throw new Error(`there is no button ${name} among ${buttons().map((each) => each.textContent)}`);
  return found;
};
const click = (name: string) => act(async () => button(name).click());
const items = () => [...place.querySelectorAll('li')].map((item) => item.textContent);

beforeEach(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  asked = [];
  events = async function* () {};
  const outline = {
    length: 60,
    pages: Array.from({ length: 12 }, (_, i) => ({
      label: i === 3 ? 'End' : `${i + 1}`,
      start: 5 * i,
      end: 5 * i + 5,
      blocks: [5 * i],
    })),
  };
  const client = {
    documents: { outline: async () => outline },
    library: {
      readAnew: async (input: unknown, options?: { signal?: AbortSignal }) => {
        asked.push(input);
        return events(options?.signal);
      },
      list: async () => useLibrary.getState().documents,
      grants: async () => [],
      notices: async () => [],
      pages: async () => [],
    },
  };
  setApi({
    client: client as unknown as AppClient,
    sendFile: async () => ({ uploadId: '' }),
    loadFile: async () => new ArrayBuffer(0),
    failure: (error) => ({ code: (error as { code?: string }).code ?? 'IO', message: String(error) }),
  });
  useUi.setState({ notices: [], inspectorTab: 'memory' });
  useSettings.setState({ settings: defaultSettings });
});
afterEach(async () => {
  await act(async () => {
    for (const root of roots) root.unmount();
  });
  roots = [];
  useLibrary.setState({ incoming: [], documents: [], selectedId: null });
});

describe('a receipt', () => {
  it('is one line, whose parts open their notes; each has the way to its page', async () => {
    await draw(
      documentOf({ notes: [glyphs(2), { kind: 'encoding', count: 1, sentence: 'It was Latin-1.' }, glyphs(9)] }),
    );
    expect(place.textContent).toBe('12 pages; 4 characters without a known letter; encoding was detected');
    expect(items()).toEqual([]);
    const part = button('4 characters without a known letter');
    expect(part.getAttribute('aria-expanded')).toBe('false');
    await click('4 characters without a known letter');
    expect(part.getAttribute('aria-expanded')).toBe('true');
    expect(window.document.getElementById(part.getAttribute('aria-controls') ?? '')?.textContent).toContain(
      'Page 9 has',
    );
    expect(items()).toHaveLength(2);
    await click('Show page 9 in the document');
    expect(useDocumentView.getState().passage).toEqual({ start: 40, end: 45, page: 8 });
    expect(useUi.getState()).toMatchObject({ inspectorTab: 'document', inspectorOpen: true });
    await click('encoding was detected');
    expect(items()).toEqual(['It was Latin-1.']);
    await click('encoding was detected');
    expect(items()).toEqual([]);
  });

  it('has amber for what is not in the text, and grey for what was converted', async () => {
    await draw(documentOf({ notes: [glyphs(2), { kind: 'encoding', count: 1, sentence: 'It was Latin-1.' }] }));
    expect(button('2 characters without a known letter').className).toContain('text-warn');
    expect(button('encoding was detected').className).not.toContain('text-warn');
  });

  it('shows a section by its name, and says so where there is none', async () => {
    const missing = { kind: 'missing-chapters' as const, count: 1, sentence: 'A chapter is missing.' };
    await draw(
      documentOf({
        notes: [
          { ...missing, section: 'End' },
          { ...missing, section: 'Nowhere' },
        ],
      }),
    );
    await click('2 chapters not in the file');
    await click('Show End in the document');
    expect(useDocumentView.getState().passage?.page).toBe(3);
    await click('Show Nowhere in the document');
    expect(useUi.getState().notices.at(-1)?.text).toContain('“Nowhere” is not among the sections');
  });

  it('shows a few of many notes, and all when asked', async () => {
    await draw(documentOf({ notes: Array.from({ length: 30 }, (_, i) => glyphs((i % 12) + 1)) }));
    await click('60 characters without a known letter');
    expect(items()).toHaveLength(8);
    await click('All 30 notes');
    expect(items()).toHaveLength(30);
  });

  it('is nothing beside the document where there is nothing to say', async () => {
    await draw(documentOf(), true);
    expect(place.textContent).toBe('');
    await draw(documentOf({ notes: [glyphs(1)] }), true);
    expect(place.textContent).toContain('12 pages; 2 characters');
  });

  it('shows hostile words as words', async () => {
    const sentence = '<img src=x onerror=alert(1)> ![a](http://evil.example/?q=1)';
    await draw(documentOf({ notes: [{ kind: 'other', count: 1, sentence, names: ['<b>name</b>'] }] }));
    await click('1 further note: <b>name</b>');
    expect(items()).toEqual([`${sentence} <b>name</b>`]);
    expect(place.querySelector('img, b')).toBeNull();
  });
});

describe('reading anew', () => {
  const furniture = { kind: 'page-furniture' as const, count: 1, sentence: 'Navigation was left out.' };

  it('is offered for what a choice, or this reader, may change; not for joined documents', async () => {
    await draw(documentOf({ notes: [glyphs(1)] }));
    expect(buttons()).toHaveLength(1);
    await draw(documentOf({ notes: [furniture], format: 'html' }));
    button('Read the whole page');
    await draw(documentOf({ format: 'html', reading: { ...defaultParseChoice, wholePage: true } }));
    button('Read the article alone');
    const scanned = { kind: 'pages-without-text' as const, count: 3, sentence: 'Pages 2 to 4 have no text.' };
    await draw(documentOf({ notes: [scanned] }));
    button('Recognise the text of 3 pages');
    useSettings.setState({ settings: { ...defaultSettings, recognise: 'never' } });
    await draw(documentOf({ notes: [scanned] }));
    expect(buttons()).toHaveLength(1);
    await draw(documentOf({ isOfOlderReader: true }));
    button('Read the file anew');
    await draw(documentOf({ notes: [furniture], joined: 2, isOfOlderReader: false }));
    expect(buttons()).toHaveLength(1);
  });

  it('sends the choice and the password of before, shows how far it is, and ends with the receipt', async () => {
    const document = documentOf({ notes: [furniture] });
    keepPassword(document.id, 'harbour');
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const whole = documentOf({
      id: '1a2b3c4d-0000-4000-8000-000000000002',
      reading: { ...defaultParseChoice, wholePage: true },
    });
    events = async function* () {
      yield { type: 'parsing', step: 'recognising', done: 3, total: 20 };
      await held;
      useLibrary.setState({ documents: [whole] });
      yield { type: 'done', document: whole, outcome: 'replaced' };
    };
    await draw(document);
    await click('Read the whole page');
    await act(() => expect.poll(() => place.textContent).toContain('Recognising text, 3 of 20'));
    expect(asked).toEqual([{ documentId: document.id, choice: { wholePage: true }, password: 'harbour' }]);
    expect(place.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')).toBe('15');
    await act(async () => goOn());
    await act(() => expect.poll(() => useLibrary.getState().selectedId).toBe(whole.id));
    expect(useUi.getState().notices.at(-1)?.text).toBe('lease.pdf was read anew, and has another text now: 12 pages.');
    expect(useLibrary.getState().incoming).toEqual([]);
  });

  it('can be cancelled: the stream is left, and nothing is shown as failed', async () => {
    let left: AbortSignal | undefined;
    events = async function* (signal) {
      left = signal;
      yield { type: 'parsing', step: 'reading', done: 1, total: 2 };
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    };
    await draw(documentOf({ notes: [furniture] }));
    await click('Read the whole page');
    await act(() => expect.poll(() => place.textContent).toContain('1 of 2'));
    await click('Stop adding lease.pdf');
    expect(left?.aborted).toBe(true);
    expect(useLibrary.getState().incoming).toEqual([]);
    expect(useUi.getState().notices).toEqual([]);
    button('Read the whole page');
  });
});
