/** Whether a part of the window can be seen: drawing numbers that nobody sees takes time from the answer that makes them. */
import { type ReactNode, type RefCallback, useCallback, useRef, useState } from 'react';

/** The ref goes to an element that is always there, also when it is empty. */
export function useInSight(): [RefCallback<Element>, boolean] {
  const [isInSight, setInSight] = useState(true);
  const watch = useCallback((element: Element | null) => {
    if (!element) return;
    const observer = new IntersectionObserver((changes) => setInSight(changes.at(-1)?.isIntersecting ?? true));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [watch, isInSight];
}

interface InSightProps {
  /** The children change several times a second. Out of sight they stay as they were until this ends, or until they are in sight. */
  isMoving: boolean;
  children: ReactNode;
}

export function InSight({ isMoving, children }: InSightProps) {
  const [watch, isInSight] = useInSight();
  const drawn = useRef(children);
  // The same element as before: React draws nothing.
  if (isInSight || !isMoving) drawn.current = children;
  return <div ref={watch}>{drawn.current}</div>;
}
