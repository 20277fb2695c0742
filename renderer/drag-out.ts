/** What makes something a file when it is dragged out of Electron's window; a browser's window has its menus for that. */
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
      // The system's drag takes the place of the page's own.
      event.preventDefault();
      start(what).catch((error: unknown) => notify(error instanceof Error ? error.message : String(error), 'danger'));
    },
  };
}
