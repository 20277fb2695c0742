/** All shortcuts on one card. */
import { openOverlay, useUi } from '../../stores/ui.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { shortcuts } from './shortcuts.ts';

/** Keys that single fields handle, not the window. */
const inFields = [
  { shown: 'Enter', words: 'Ask the question' },
  { shown: 'Shift+Enter', words: 'Break the line' },
];

export function ShortcutSheet() {
  const isOpen = useUi((ui) => ui.overlay === 'shortcuts');
  return (
    <Dialog title="Keyboard shortcuts" open={isOpen} onClose={() => openOverlay(null)}>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
        {[...Object.values(shortcuts), ...inFields].map(({ shown, words }) => (
          <div key={shown} className="contents">
            <dt>
              <Keys shown={shown} />
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

export function Keys({ shown }: { shown: string }) {
  return (
    <kbd className="rounded border border-line-strong bg-sunken px-1.5 py-0.5 font-mono text-note leading-4 text-muted">
      {shown}
    </kbd>
  );
}
