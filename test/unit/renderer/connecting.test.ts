// @vitest-environment happy-dom
/// <reference lib="dom" />
import { act, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { expect, it, vi } from 'vitest';
import { Connecting } from '../../../renderer/connecting.tsx';
import { StatusBar } from '../../../renderer/features/status-bar/status-bar.tsx';
import { setConnection, setWaitedFor } from '../../../renderer/stores/ui.ts';

it('says what is waited for while a library takes a while to open, until there is a connection', () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  const place = document.createElement('div');
  const root = createRoot(place);
  act(() => root.render([createElement(Connecting, { key: 'a' }), createElement(StatusBar, { key: 'b' })]));
  expect(place.textContent).toContain('Connecting to RocketDoc');
  act(() => setWaitedFor({ sentence: 'The library, 947 MB, is checked for damage.', percent: null }));
  expect(place.textContent).toContain('The library, 947 MB, is checked for damage.');
  expect(place.textContent).toContain('Opening the library');
  const bar = () => place.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow');
  expect(bar()).toBeUndefined(); // how far it is cannot be told
  act(() => setWaitedFor({ sentence: 'What can be read of it is saved.', percent: 37 }));
  expect([bar(), place.textContent?.includes('37 %')]).toEqual(['37', true]);
  act(() => setWaitedFor({ sentence: 'The library, 947 MB, is checked for damage.', percent: null }));
  expect(bar()).toBeUndefined();
  act(() => setConnection('open'));
  expect(place.textContent).not.toContain('947 MB');
  act(() => root.unmount());
});
