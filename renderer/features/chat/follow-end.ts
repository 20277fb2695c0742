/**
 * Keeps the end of a list in sight while it grows, until a person scrolls up; back at the end, it goes on. Virtuoso's own followOutput takes
 * a list that grows while a person scrolls up for one that only grew.
 */
import { useCallback, useMemo, useRef } from 'react';

/** Pixels above the end that still count as the end: a line of text. */
const nearEnd = 32;

export interface FollowedEnd {
  /** For Virtuoso's props of these names. */
  scrollerRef: (scroller: HTMLElement | Window | null) => void;
  totalListHeightChanged: () => void;
  /** To the end, and from here on. */
  follow: () => void;
}

export function useFollowedEnd(): FollowedEnd {
  const list = useRef<HTMLElement>(null);
  const follows = useRef(false);
  const unlisten = useRef(() => {});
  const scrollerRef = useCallback((scroller: HTMLElement | Window | null) => {
    unlisten.current();
    list.current = scroller instanceof HTMLElement ? scroller : null;
    follows.current = false;
    const element = list.current;
    if (!element) return;
    let [top, height] = [element.scrollTop, element.scrollHeight];
    const look = () => {
      const isUp = element.scrollTop < top && element.scrollHeight >= height; // not because it became shorter
      [top, height] = [element.scrollTop, element.scrollHeight];
      if (isUp) follows.current = false;
      else if (height - element.clientHeight - top < nearEnd) follows.current = true;
    };
    element.addEventListener('scroll', look, { passive: true });
    unlisten.current = () => element.removeEventListener('scroll', look);
  }, []);
  return useMemo(() => {
    const toEnd = () => {
      if (follows.current && list.current) list.current.scrollTop = list.current.scrollHeight;
    };
    return {
      scrollerRef,
      totalListHeightChanged: toEnd,
      follow: () => {
        follows.current = true;
        toEnd();
      },
    };
  }, [scrollerRef]);
}
