/// <reference lib="dom" />
/** A page of another site, open in the same browser, tries what a page can try: it reads nothing and changes nothing. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAppServer } from '../../electron/server/http-server.ts';
import { allowedHosts } from '../../electron/server/request-checks.ts';
import { SessionTokens } from '../../electron/server/session-tokens.ts';
import { watchedApp } from '../fixtures/app-commands.ts';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import { openWindow, webRoot } from './browser.ts';
import { inChromium, useBrowser } from './opened-window.ts';

const listen = (server: Server) =>
  new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );

inChromium('another site', () => {
  const tokens = new SessionTokens();
  const opened = useBrowser();
  let fake: FakeServer;
  let server: Server;
  let foreign: Server;
  let page: Page;
  let ours = '';
  let touched: string[] = [];

  beforeAll(async () => {
    fake = await startFakeServer({ pieces: ['x'] }, webRoot);
    const watched = watchedApp(fake.app);
    touched = watched.touched;
    let port = 0;
    server = createAppServer({ app: watched.app, tokens, webRoot, hosts: () => allowedHosts(port) });
    port = await listen(server);
    ours = `http://127.0.0.1:${port}`;
    // A window of RocketDoc is open in the same browser.
    const window = await openWindow(opened.browser, `${ours}/#launch=${tokens.newLaunchCode()}`);
    await window.page.getByRole('navigation', { name: 'Library' }).waitFor();
    foreign = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>another site</title><body></body>');
    });
    page = await window.page.context().newPage();
    await page.goto(`http://127.0.0.1:${await listen(foreign)}/`);
  }, 120_000);
  afterAll(async () => {
    foreign?.close();
    server?.close();
    server?.closeAllConnections();
    await fake?.close();
  });

  it('reads nothing by fetch, whatever mode and method it asks with', async () => {
    const read = await page.evaluate(async (ours) => {
      const found: string[] = [];
      const paths = ['/', '/index.html', '/health', '/session', '/upload?name=a.txt', '/rpc', '/licences.json'];
      for (const path of paths)
        for (const method of ['GET', 'POST'])
          for (const mode of ['cors', 'no-cors'] as const)
            for (const type of ['text/plain', 'application/json', 'application/octet-stream']) {
              const body = method === 'POST' ? '{"code":"x"}' : null;
              const init = { method, mode, body, credentials: 'include' as const, headers: { 'Content-Type': type } };
              const text = await fetch(ours + path, init)
                .then((response) => response.text())
                .catch(() => '');
              if (text !== '') found.push(`${method} ${path} ${mode} ${type}: ${text.slice(0, 40)}`);
            }
      return found;
    }, ours);
    expect(read).toEqual([]);
  }, 60_000);

  it('gets no image, script, style or frame of the window to look into', async () => {
    const loaded = await page.evaluate(async (ours) => {
      const attempt = (tag: 'img' | 'script' | 'link', path: string) =>
        new Promise<string>((resolve) => {
          const element = document.createElement(tag);
          if (element instanceof HTMLLinkElement) {
            element.rel = 'stylesheet';
            element.href = ours + path;
          } else element.src = ours + path;
          element.onload = () => resolve(`${tag} ${path}`);
          element.onerror = () => resolve('');
          document.body.append(element);
          setTimeout(() => resolve(''), 5000);
        });
      const tries = [attempt('img', '/icon.svg'), attempt('script', '/health'), attempt('script', '/licences.json')];
      const index = attempt('link', '/index.html');
      const frame = document.createElement('iframe');
      frame.src = `${ours}/`;
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      let inside = '';
      try {
        inside = frame.contentDocument?.title ?? '';
      } catch {
        inside = '';
      }
      return [...(await Promise.all([...tries, index])), inside].filter((found) => found !== '');
    }, ours);
    expect(loaded).toEqual([]);
    const framed = page.frames().filter((frame) => frame.url().startsWith(ours));
    for (const frame of framed) expect(await frame.locator('#root').count()).toBe(0);
  }, 60_000);

  it('opens no socket and no event stream', async () => {
    const opened = await page.evaluate(async (ours) => {
      const socket = new Promise<string>((resolve) => {
        const made = new WebSocket(`${ours.replace('http', 'ws')}/rpc`);
        made.onopen = () => resolve('a socket opened');
        made.onmessage = () => resolve('a socket spoke');
        made.onerror = () => resolve('');
      });
      const events = new Promise<string>((resolve) => {
        const made = new EventSource(`${ours}/rpc`);
        made.onopen = () => resolve('an event stream opened');
        made.onerror = () => {
          made.close();
          resolve('');
        };
      });
      return (await Promise.all([socket, events])).filter((found) => found !== '');
    }, ours);
    expect(opened).toEqual([]);
  }, 60_000);

  it('changes nothing by forms either, and the window’s link is not spent', async () => {
    touched.length = 0;
    const code = tokens.newLaunchCode();
    await page.evaluate(
      async ({ ours, code }) => {
        for (const [path, type] of [
          ['/session', 'text/plain'],
          ['/session', 'application/x-www-form-urlencoded'],
          ['/upload?name=x.txt', 'multipart/form-data'],
        ] as const) {
          const frame = document.createElement('iframe');
          frame.name = `f${Math.random()}`;
          const form = document.createElement('form');
          Object.assign(form, { method: 'POST', action: ours + path, enctype: type, target: frame.name });
          const field = document.createElement('input');
          Object.assign(field, { name: '{"code":"', value: `${code}"}` });
          form.append(field);
          document.body.append(frame, form);
          form.submit();
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      },
      { ours, code },
    );
    expect(touched).toEqual([]);
    expect(tokens.exchange(code)).not.toBeUndefined();
  }, 60_000);
});
