/** Renames something. The old name is selected, so that typing replaces it. */
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { controlClass } from '../../ui/field.tsx';

interface RenameFormProps {
  label: string;
  name: string;
  onName: (name: string) => void;
  close: () => void;
}

export function RenameForm({ label, name, onName, close }: RenameFormProps) {
  const [text, setText] = useState(name);
  const next = text.trim();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        close();
        if (next !== '') onName(next);
      }}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: the name is what this dialog is for
        autoFocus
        onFocus={(event) => event.target.select()}
        aria-label={label}
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.target.value)}
        className={`${controlClass} w-full`}
      />
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>Cancel</Button>
        <Button kind="primary" type="submit" disabled={next === ''}>
          Rename
        </Button>
      </div>
    </form>
  );
}
