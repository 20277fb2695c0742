/** A modal with a title; Escape and the backdrop close it. */
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useOpening } from './use-opening.ts';

interface DialogProps {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
  /** true: 560 px wide; 'columns': 760 px, for two columns. */
  wide?: boolean | 'columns';
}

const widths = { narrow: 'w-[min(420px,92vw)]', wide: 'w-[min(560px,92vw)]', columns: 'w-[min(760px,92vw)]' };

export function Dialog({ title, open, onClose, children, wide = false }: DialogProps) {
  return (
    <Base.Root key={useOpening(open)} open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/35" />
        <Base.Popup
          className={`fixed top-1/2 left-1/2 z-50 max-h-[88vh] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-xl border border-line bg-raised p-5 shadow-(--shadow) ${widths[wide === 'columns' ? 'columns' : wide ? 'wide' : 'narrow']}`}
        >
          <div className="mb-4 flex items-center justify-between">
            <Base.Title className="text-prose font-semibold">{title}</Base.Title>
            <Base.Close
              aria-label="Close"
              className="inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-ink"
            >
              <X size={16} aria-hidden />
            </Base.Close>
          </div>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
