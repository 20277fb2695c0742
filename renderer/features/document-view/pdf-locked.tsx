/** A protected PDF: its text is in the library, its pages need the password once for each time the window is opened. */
import { Lock } from 'lucide-react';
import { useState } from 'react';
import type { LibraryDocument } from '../../../electron/contract/app-types.ts';
import { keepPassword } from '../../stores/passwords.ts';
import { Button } from '../../ui/button.tsx';
import { controlClass } from '../../ui/field.tsx';

interface PdfLockedProps {
  document: LibraryDocument;
  /** A password was tried and is wrong. */
  isWrong: boolean;
  onText: () => void;
}

export function PdfLocked({ document, isWrong, onText }: PdfLockedProps) {
  const [password, setPassword] = useState('');
  return (
    <div className="flex h-full items-center justify-center p-6">
      <form
        className="w-full max-w-[360px] rounded-xl border border-line bg-raised p-5"
        onSubmit={(event) => {
          event.preventDefault();
          keepPassword(document.id, password);
        }}
      >
        <p className="flex gap-2">
          <Lock size={16} aria-hidden className="mt-0.5 shrink-0 text-muted" />
          <span className="min-w-0 wrap-anywhere">
            {isWrong
              ? 'This password does not open the pages. Try again, or read the text.'
              : 'The pages of this PDF are protected. RocketDoc keeps no password: enter it again to see them.'}
          </span>
        </p>
        <input
          type="password"
          aria-label={`Password of ${document.name}`}
          aria-invalid={isWrong || undefined}
          placeholder="Password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          className={`${controlClass} mt-3 w-full`}
        />
        <div className="mt-3 flex justify-end gap-2">
          <Button onClick={onText}>Show the text</Button>
          <Button kind="primary" type="submit" disabled={password === ''}>
            Show the pages
          </Button>
        </div>
      </form>
    </div>
  );
}
