/** Text from the clipboard, or typed, becomes a document like any other. */
import { useState } from 'react';
import { count } from '../../format.ts';
import { addFiles } from '../../stores/library.ts';
import { openOverlay, useUi } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { controlClass } from '../../ui/field.tsx';

export function PasteDialog() {
  const isOpen = useUi((ui) => ui.overlay === 'paste');
  return (
    <Dialog title="Paste text as a document" open={isOpen} onClose={() => openOverlay(null)} wide>
      <PasteForm />
    </Dialog>
  );
}

function PasteForm() {
  const [text, setText] = useState('');
  const [name, setName] = useState('');
  const title = name.trim() || titleOf(text);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        openOverlay(null);
        // Headings of Markdown become the sections that one can jump to.
        addFiles([new File([text], `${title}.md`, { type: 'text/markdown' })]);
      }}
    >
      {text.length > mostEdited ? (
        <LongText text={text} onClear={() => setText('')} />
      ) : (
        <textarea
          // biome-ignore lint/a11y/noAutofocus: pasting is the one thing to do here
          autoFocus
          aria-label="Text"
          placeholder="Paste or type the text here"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onPaste={(event) => {
            const { selectionStart, selectionEnd } = event.currentTarget;
            const pasted = event.clipboardData.getData('text/plain').replaceAll('\r\n', '\n');
            const whole = text.slice(0, selectionStart) + pasted + text.slice(selectionEnd);
            if (whole.length <= mostEdited) return;
            event.preventDefault();
            setText(whole);
          }}
          className={`${controlClass} h-64 w-full resize-y py-2`}
        />
      )}
      <p className="tabular mt-1 text-note leading-4 text-muted">{count(text.length)} characters</p>
      <label className="mt-3 flex items-center gap-3">
        Name
        <input
          value={name}
          maxLength={100}
          placeholder={titleOf(text)}
          onChange={(event) => setName(event.target.value)}
          className={`${controlClass} min-w-0 flex-1`}
        />
      </label>
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={() => openOverlay(null)}>Cancel</Button>
        <Button kind="primary" type="submit" disabled={text.trim() === ''}>
          Add to the library
        </Button>
      </div>
    </form>
  );
}

/** A longer text is not shown in a field: a browser takes seconds to lay out millions of characters, and the window stands still. */
const mostEdited = 200_000;
const shownBeginning = 5000;

function LongText({ text, onClear }: { text: string; onClear: () => void }) {
  return (
    <div className={`${controlClass} h-64 w-full overflow-y-auto py-2`}>
      <p className="mb-2 flex items-center gap-2 text-note text-muted">
        The beginning of a long text, all of which is added.
        <Button onClick={onClear}>Clear</Button>
      </p>
      <p className="break-words whitespace-pre-wrap">{text.slice(0, shownBeginning)}…</p>
    </div>
  );
}

const mostTitled = 10_000;

/** The first words of the text. Only its beginning is searched, because this runs at each key. */
function titleOf(text: string): string {
  const line = text
    .slice(0, mostTitled)
    .split('\n')
    .map((entry) => entry.replace(/^[#>*\s-]+/, '').trim())
    .find((entry) => entry !== '');
  return line === undefined ? 'Pasted text' : line.slice(0, 60).trim();
}
