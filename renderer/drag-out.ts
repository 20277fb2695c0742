/** Properties of an element that can be dragged out of Electron's window as a file. In a browser the menus save the same files. */
import type { DragEvent } from 'react';
import type { Draggable } from '../electron/contract/shell.ts';
import { dragOut } from './bridge/desktop.ts';
import { notify } from './stores/ui.ts';

interface DragProps {
  draggable: true;
  onDragStart: (event: DragEvent) => void;
}

export function dragProps(what: Draggable): DragProps | undefined {
  if (!dragOut) return undefined;
  const start = dragOut;
  return {
    draggable: true,
    onDragStart(event) {
      // The drag of the system replaces the page's.
      event.preventDefault();
      start(what).catch((error: unknown) => notify(error instanceof Error ? error.message : String(error), 'danger'));
    },
  };
}
