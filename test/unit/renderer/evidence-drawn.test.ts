// @vitest-environment happy-dom
/// <reference lib="dom" />
/** The evidence of an answer as it is drawn, and what a click on it opens. */
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { AnswerEvidence, Evidence } from '../../../electron/contract/evidence.ts';
import { EvidenceRow } from '../../../renderer/features/chat/evidence.tsx';
import { type AppClient, setApi } from '../../../renderer/stores/api.ts';
import { useDocumentView } from '../../../renderer/stores/document-view.ts';

const documentId = '1a2b3c4d-0000-4000-8000-000000000001';
const entry = (page: number, sentence: string, more: Partial<Evidence> = {}): Evidence => ({
  page,
  label: `${page + 1}`,
  start: 100 * page,
  end: 100 * page + sentence.length,
  sentence,
  matches: [{ start: 4, end: 9 }],
  score: 0.9,
  kind: 'matched',
  ...more,
});
const tower = entry(2, 'The tower is 41 metres high.');
const lamp = entry(6, 'The light on Ruan is red.', { label: 'Ruan' });

let root: Root | undefined;
let place: HTMLElement;
async function draw(found: Partial<AnswerEvidence>): Promise<void> {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  const client = { documents: { outline: async () => ({ length: 900, pages: [] }) } };
  setApi({
    client: client as unknown as AppClient,
    sendFile: async () => ({ uploadId: '' }),
    loadFile: async () => new ArrayBuffer(0),
    failure: (error) => ({ code: 'IO', message: String(error) }),
  });
  place = window.document.createElement('div');
  window.document.body.append(place);
  root = createRoot(place);
  const whole = { evidence: [], unsupported: [], isFound: true, ...found };
  await act(async () => root?.render(createElement(EvidenceRow, { found: whole, documentId })));
}
afterEach(() => act(async () => root?.unmount()));
const sentence = () => place.querySelector('[data-testid=evidence-sentence]');
const buttons = () => [...place.querySelectorAll('button')];

describe('evidence', () => {
  it('shows the best sentence with its matched words, the others when they are pointed at', async () => {
    await draw({ evidence: [tower, lamp] });
    expect(buttons().map(({ textContent }) => textContent)).toEqual(['p. 3', '§ Ruan']);
    expect(sentence()?.textContent).toBe('The tower is 41 metres high.');
    expect([...(sentence()?.querySelectorAll('strong') ?? [])].map(({ textContent }) => textContent)).toEqual([
      'tower',
    ]);
    await act(async () => buttons()[1]?.focus());
    expect(sentence()?.textContent).toBe('The light on Ruan is red.');
    expect(buttons()[1]?.getAttribute('aria-label')).toBe(
      'Evidence 2, § Ruan: The light on Ruan is red. Show it in the document',
    );
  });

  it('leads to its sentence in the document', async () => {
    await draw({ evidence: [tower, lamp] });
    await act(async () => buttons()[1]?.click());
    expect(useDocumentView.getState().passage).toMatchObject({ page: 6, start: lamp.start, end: lamp.end });
  });

  it('says in plain words that nothing was found, and names statements that stand nowhere', async () => {
    await draw({ isFound: false, unsupported: [{ kind: 'statement', text: 'It is blue.' }] });
    expect(place.textContent).toBe('Not found in the document');
    await act(async () => root?.unmount());
    const statements = ['It is blue.', 'It is new.', 'It is far.'].map((text) => ({
      kind: 'statement' as const,
      text,
    }));
    await draw({ evidence: [tower], unsupported: [...statements, { kind: 'number', text: '17' }] });
    expect(place.textContent).toContain('Not found in the document: “It is blue.”, “It is new.” and 1 more');
  });
});
