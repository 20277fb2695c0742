// @vitest-environment happy-dom
/// <reference lib="dom" />
import { act, createElement, Profiler } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { VirtuosoMockContext } from 'react-virtuoso';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { ChatView } from '../../../renderer/features/chat/chat-view.tsx';
import { setApi } from '../../../renderer/stores/api.ts';
import { take, useChat } from '../../../renderer/stores/chat.ts';

let root: Root;
let renders: Map<string, number>;
/** How many of React's commits drew something of a turn, by the turn's id. */
const drawn = vi.hoisted(() => new Map<string, number>());

vi.mock('../../../renderer/features/chat/turn-view.tsx', async (original) => {
  const { TurnView } = await original<typeof import('../../../renderer/features/chat/turn-view.tsx')>();
  return {
    TurnView: (props: Parameters<typeof TurnView>[0]) =>
      createElement(
        Profiler,
        { id: props.turn.id, onRender: (id) => drawn.set(id, (drawn.get(id) ?? 0) + 1) },
        createElement(TurnView, props),
      ),
  };
});

/** A turn that records reads of its question: drawing the turn reads it once. */
function watchedTurn(number: number, state: Turn['state']): Turn {
  const id = `t${number}`;
  const turn = {
    id,
    chatId: 'c',
    parentId: number === 0 ? null : `t${number - 1}`,
    chosen: true,
    choice: {},
    answer: state === 'done' ? `Answer ${number}.` : '',
    state,
    failure: null,
    report: null,
    createdAt: number,
  };
  return Object.defineProperty(turn as Turn, 'question', {
    enumerable: true,
    get: () => {
      renders.set(id, (renders.get(id) ?? 0) + 1);
      return `Question ${number}?`;
    },
  });
}

beforeEach(() => {
  renders = new Map();
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  setApi({
    client: {} as never,
    sendFile: async () => ({ uploadId: '' }),
    loadFile: async () => new ArrayBuffer(0),
    failure: () => ({ code: 'IO', message: '' }),
  });
  const place = document.createElement('div');
  document.body.append(place);
  root = createRoot(place);
});
afterEach(() => act(() => root.unmount()));

async function draw(turns: Turn[]): Promise<void> {
  // The list gets one turn first: a list that begins at its end waits for a layout, which this environment does not have.
  const show = (shown: Turn[]) =>
    useChat.setState({ documentId: 'd', chatId: 'c', tree: shown, turns: shown, live: null });
  show(turns.slice(0, 1));
  const list = createElement(
    VirtuosoMockContext.Provider,
    { value: { viewportHeight: 1000, itemHeight: 100 } },
    createElement(ChatView),
  );
  await act(async () => root.render(list));
  await act(async () => show(turns));
}

const articles = () => [...document.querySelectorAll('article')].map((article) => article.textContent ?? '');

it('draws only the growing answer while three hundred deltas arrive', async () => {
  const turns = Array.from({ length: 6 }, (_, i) => watchedTurn(i, i < 5 ? 'done' : 'answering'));
  await draw(turns);
  expect(articles()).toHaveLength(6);
  await act(async () => useChat.setState({ live: { chatId: 'c', turnId: 't5', thinking: '', answer: '' } }));
  const stored = [...document.querySelectorAll('article')].slice(0, 5).map((article) => article.innerHTML);
  renders.clear();
  drawn.clear();
  for (let i = 0; i < 300; i++) await act(async () => take({ type: 'delta', text: `w${i} ` }));
  expect(articles().at(-1)).toContain('w0 w1 w2');
  expect(articles().at(-1)).toContain('w298 w299');
  // No question was drawn again, not even the growing answer's.
  expect([...renders]).toEqual([]);
  // React drew nothing of the other five turns.
  expect([...drawn.keys()]).toEqual(['t5']);
  expect(drawn.get('t5')).toBeGreaterThan(30);
  expect([...document.querySelectorAll('article')].slice(0, 5).map((article) => article.innerHTML)).toEqual(stored);
}, 60_000);

it('counts what it says it counts: a changed turn is drawn again', async () => {
  const turns = [watchedTurn(0, 'done'), watchedTurn(1, 'done')];
  await draw(turns);
  renders.clear();
  await act(async () => useChat.setState({ beside: { t0: 't0' } }));
  expect(renders.get('t0')).toBeGreaterThan(0);
  expect(renders.has('t1')).toBe(false);
});

it('offers what the engine proposes where memory lacked as one button', async () => {
  const proposals = [
    { changes: { tokenBudget: 256 }, needed: 900 },
    { changes: { kvType: 'q8_0' as const }, needed: 800 },
  ];
  const failed = (number: number, proposed: typeof proposals | undefined): Turn => ({
    ...watchedTurn(number, 'failed'),
    failure: {
      code: 'GPU_OOM',
      message: 'There is too little.',
      ...(proposed && { shortage: { place: 'gpu', needed: 2000, available: 1000, proposals: proposed } }),
    },
  });
  useChat.setState({ beside: {} });
  await draw([failed(0, proposals), failed(1, proposals.slice(1)), failed(2, undefined)]);
  const labels = [...document.querySelectorAll('article')].map((article) =>
    [...article.querySelectorAll('[role="alert"] button')].map((button) => button.textContent),
  );
  expect(labels).toEqual([
    ['Ask with budget 256', 'Ask again'],
    ['Read again with document KV in q8_0, and ask', 'Ask again'],
    ['Ask again'],
  ]);
});

it('draws what is in sight of a thousand questions, and no more', async () => {
  await draw(Array.from({ length: 1000 }, (_, i) => watchedTurn(i, 'done')));
  expect(articles().length).toBeGreaterThan(5);
  expect(articles().length).toBeLessThan(40);
});
