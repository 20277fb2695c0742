/** Every action by its name: type a few letters, Enter does it. */
import { Autocomplete } from '@base-ui/react/autocomplete';
import { Dialog } from '@base-ui/react/dialog';
import { Search } from 'lucide-react';
import { useState } from 'react';
import { openOverlay, useUi } from '../../stores/ui.ts';
import { useOpening } from '../../ui/use-opening.ts';
import { type Action, type ActionGroup, actionsNow } from './actions.ts';
import { Keys } from './shortcut-sheet.tsx';

export function CommandPalette() {
  const isOpen = useUi((ui) => ui.overlay === 'palette');
  return (
    <Dialog.Root key={useOpening(isOpen)} open={isOpen} onOpenChange={(next) => !next && openOverlay(null)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/35" />
        <Dialog.Popup className="fixed top-[12vh] left-1/2 z-50 flex max-h-[70vh] w-[min(600px,92vw)] -translate-x-1/2 flex-col overflow-hidden rounded-xl border border-line bg-raised shadow-(--shadow)">
          <Dialog.Title className="sr-only">Command palette</Dialog.Title>
          <Commands />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const wordsOf = ({ label, detail }: Action) => (detail === undefined ? label : `${label} ${detail}`);

/** Words may be in any order and incomplete: "exp mark" finds "Export chat as Markdown". */
function hasEveryWord(action: Action, query: string): boolean {
  const words = wordsOf(action).toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}

function Commands() {
  const [groups] = useState(actionsNow);
  const run = (action: Action) => {
    openOverlay(null);
    // The palette gives the focus back first; then what the action opens can take it.
    setTimeout(action.run);
  };
  return (
    <Autocomplete.Root
      open
      inline
      items={groups}
      autoHighlight="always"
      keepHighlight
      itemToStringValue={wordsOf}
      filter={hasEveryWord}
    >
      <div className="flex items-center gap-3 border-b border-line px-4">
        <Search size={16} aria-hidden className="shrink-0 text-muted" />
        <Autocomplete.Input
          aria-label="Search actions"
          placeholder="What would you like to do?"
          className="h-12 w-full bg-transparent text-prose outline-none placeholder:text-muted"
        />
      </div>
      <Autocomplete.Empty>
        <p className="px-4 py-6 text-muted empty:hidden">No action, chat or document is called like that.</p>
      </Autocomplete.Empty>
      <Autocomplete.List className="min-h-0 flex-1 scroll-py-2 overflow-y-auto p-2 empty:hidden">
        {(group: ActionGroup) => (
          <Autocomplete.Group key={group.value} items={group.items} className="not-last:mb-2">
            <Autocomplete.GroupLabel className="px-2 py-1 text-note leading-4 text-muted select-none">
              {group.value}
            </Autocomplete.GroupLabel>
            <Autocomplete.Collection>
              {(action: Action) => (
                <Autocomplete.Item
                  key={action.id}
                  value={action}
                  onClick={() => run(action)}
                  className="flex min-h-8 cursor-pointer items-center gap-3 rounded-md px-2 select-none data-highlighted:bg-accent-soft"
                >
                  <span className="truncate">{action.label}</span>
                  <span className="ml-auto max-w-[45%] shrink-0 truncate text-note text-muted">{action.detail}</span>
                  {action.keys && <Keys shown={action.keys} />}
                </Autocomplete.Item>
              )}
            </Autocomplete.Collection>
          </Autocomplete.Group>
        )}
      </Autocomplete.List>
    </Autocomplete.Root>
  );
}
