/// <reference lib="dom" />
/**
 * What the window draws while an answer streams: the answer's last words and the numbers that changed, not the window around them. And
 * while nothing happens it draws nothing at all. Everything that is drawn takes time from the cores that compute the answer.
 */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import type { Counters, PageUse } from '../../electron/contract/engine-reports.ts';
import { sampleNumbers } from '../fixtures/engine-numbers.ts';
import type { FakeScript } from '../fixtures/fake-engine.ts';
import { inChromium, useFakeWindow } from './opened-window.ts';
import { addSample, ask, button, composer, hold } from './walks/screens.ts';

/** Counters and map of a real engine change at each look. */
let looks = 0;
const moving: FakeScript['numbers'] = {
  ...sampleNumbers,
  get counters(): Counters {
    const { counters } = sampleNumbers;
    return { ...counters, compactBytes: counters.compactBytes + 20_000 * looks++ };
  },
  get map(): PageUse[] {
    const use = <Use extends { read: number }>(of: Use, i: number) => ({
      ...of,
      read: of.read + ((7 * i + looks) % 11),
    });
    return sampleNumbers.map.map((page, i) => ({ ...use(page, i), parts: page.parts.map(use) }));
  },
};
const paragraph =
  'The Trust keeps **lighthouses** and weather stations along the coast, and each keeper writes it down.\n\n';
const script: FakeScript = {
  pieces: paragraph.repeat(40).match(/[\s\S]{1,20}/g) ?? [],
  pauseMs: 100,
  numbers: moving,
};

/**
 * Watches what changes from now on; the returned function ends that when so many more paragraphs have begun. `parts`: a selector for each
 * part of the window, the first that fits counts.
 */
async function watchParts(page: Page, parts: Record<string, string>) {
  const watched = await page.evaluateHandle((parts) => {
    const changed: Record<string, number> = {};
    const paragraphs = new Set<Element>();
    const count = () => document.querySelectorAll('.prose > *').length;
    const first = count();
    let enough = () => {};
    let wanted = Number.POSITIVE_INFINITY;
    let [commits, animations] = [0, 0];
    const observer = new MutationObserver((changes) => {
      commits++;
      animations = Math.max(animations, document.getAnimations().length);
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const name = Object.keys(parts).find((key) => element?.closest(parts[key] ?? '')) ?? element?.outerHTML ?? '';
        changed[name] = (changed[name] ?? 0) + 1;
        const paragraph = element?.closest('.prose > *');
        if (paragraph) paragraphs.add(paragraph);
      }
      if (count() - first >= wanted) enough();
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    return {
      end: async (more: number) => {
        await new Promise<void>((resolve) => {
          enough = resolve;
          wanted = more;
        });
        observer.disconnect();
        return { changed, paragraphs: { begun: count() - first, changed: paragraphs.size }, animations, commits };
      },
    };
  }, parts);
  return (more: number) => watched.evaluate(({ end }, more) => end(more), more);
}

/** The returned function tells how often the page was laid out and its styles were computed so far. */
async function countedWork(page: Page): Promise<() => Promise<{ layouts: number; styles: number }>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
    return { layouts: of('LayoutCount'), styles: of('RecalcStyleCount') };
  };
}

inChromium('a window beside an answer that streams', () => {
  const opened = useFakeWindow(script);
  let work: Awaited<ReturnType<typeof countedWork>>;

  beforeAll(async () => {
    const { page, server } = opened;
    await addSample(server);
    await page.reload();
    await button(page, 'Read document').click();
    await composer(page).waitFor();
    work = await countedWork(page);
  }, 120_000);

  const parts = {
    answer: 'article .prose',
    // The list notes the height of its questions and answers.
    list: '[data-item-index]',
    numbers: '[data-testid=headline], section section:has([data-testid=memory-compact]), footer',
    map: 'section section:has([data-testid=document-map])',
    charts: 'section section:has(figure)',
  };

  it('draws its last words and the numbers in sight, and nothing else', async () => {
    const { page } = opened;
    script.answering = hold().held;
    await ask(page, 'What does the Trust keep?');
    await page.getByText('Cache that this answer works on').waitFor();
    await page.locator('article .prose > :nth-child(2)').waitFor();
    const begun = await work();
    const ended = await watchParts(page, parts);
    const { changed, paragraphs, animations, commits } = await ended(3);
    const { layouts } = await work();
    expect(Object.keys(changed).sort()).toEqual(['answer', 'list', 'numbers']);
    // Paragraphs that are whole stay as they are.
    expect(paragraphs.changed).toBeLessThanOrEqual(paragraphs.begun + 1);
    expect(animations).toBe(0);
    // Numbers come with words, so a layout shows both. The list measures a new line once more.
    expect(layouts - begun.layouts).toBeLessThanOrEqual(1.5 * commits);
  }, 120_000);

  it('draws the map again once it is in sight', async () => {
    const { page } = opened;
    const values = () =>
      page
        .getByTestId('document-map')
        .locator('rect')
        .evaluateAll((bins) => bins.map((bin) => bin.getAttribute('data-value')).join());
    const outOfSight = await values();
    await page.getByTestId('document-map').scrollIntoViewIfNeeded();
    await expect.poll(values).not.toBe(outOfSight);
    const seen = await values();
    await expect.poll(values).not.toBe(seen);
  }, 60_000);

  it('draws nothing while nothing happens', async () => {
    const { page } = opened;
    await page.keyboard.press('Escape');
    await page.getByText(/^Stopped/).waitFor();
    // The draft is saved and the list of chats loaded first. A look takes two seconds: less than the time between two pings.
    const drawn = async () => {
      const [before, messages] = [await work(), opened.messages()];
      await page.waitForTimeout(2000);
      const { layouts, styles } = await work();
      return [layouts - before.layouts, styles - before.styles, opened.messages() - messages];
    };
    await expect.poll(drawn).toEqual([0, 0, 0]);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  }, 60_000);
});
