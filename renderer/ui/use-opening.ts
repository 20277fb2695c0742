/** How often something was opened, for its `key`: what is opened again while its closing is still drawn starts anew and takes the focus. */
import { useState } from 'react';

export function useOpening(isOpen: boolean): number {
  const [{ count, wasOpen }, setOpening] = useState({ count: 0, wasOpen: false });
  const now = isOpen && !wasOpen ? count + 1 : count;
  // State that follows from a property is set while rendering: React renders again before anything is drawn.
  if (isOpen !== wasOpen) setOpening({ count: now, wasOpen: isOpen });
  return now;
}
