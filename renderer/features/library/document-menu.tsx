/** What can be done with a document: rename, free its memory, remove. Removing asks first, because the chats are removed with it. */
import { Menu } from '@base-ui/react/menu';
import { Ellipsis } from 'lucide-react';
import { useRef, useState } from 'react';
import type { LibraryDocument } from '../../../electron/contract/app-types.ts';
import { bytes, plural } from '../../format.ts';
import { saveCopy } from '../../save-copy.ts';
import { selectHeld, useEngine } from '../../stores/engine.ts';
import { releaseDocument, removeDocument, renameDocument } from '../../stores/library.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { RenameForm } from './rename-form.tsx';

const itemClass = 'block w-full rounded-md px-2 py-1.5 text-left outline-none data-highlighted:bg-sunken';

export function DocumentMenu({ document }: { document: LibraryDocument }) {
  const held = useEngine(selectHeld(document.id));
  const [open, setOpen] = useState<'rename' | 'remove' | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const close = () => setOpen(null);
  return (
    <>
      <div ref={place} />
      <Menu.Root>
        <Menu.Trigger
          aria-label={`Actions for ${document.name}`}
          className="absolute top-1 right-1 inline-flex size-7 items-center justify-center rounded-md text-muted opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 hover:bg-sunken hover:text-ink data-popup-open:opacity-100"
        >
          <Ellipsis size={16} aria-hidden />
        </Menu.Trigger>
        {/* Rendered within the library's landmark, but outside the part that scrolls, which would cut it off. */}
        <Menu.Portal container={place}>
          <Menu.Positioner sideOffset={4} align="start" positionMethod="fixed" className="z-30">
            <Menu.Popup className="min-w-44 rounded-lg border border-line bg-raised p-1 shadow-(--shadow) outline-none">
              <Menu.Item className={itemClass} onClick={() => setOpen('rename')}>
                Rename
              </Menu.Item>
              {held && (
                <Menu.Item className={itemClass} onClick={() => void releaseDocument(document.id)}>
                  Free {bytes(held.bytes)} of memory
                </Menu.Item>
              )}
              {document.joined === 0 && (
                <Menu.Item className={itemClass} onClick={() => void saveCopy(document)}>
                  Save a copy
                </Menu.Item>
              )}
              <Menu.Item className={`${itemClass} text-danger`} onClick={() => setOpen('remove')}>
                Remove
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <Dialog title="Rename document" open={open === 'rename'} onClose={close}>
        <RenameForm
          label="Name"
          name={document.name}
          onName={(name) => void renameDocument(document.id, name)}
          close={close}
        />
      </Dialog>
      <Dialog title="Remove document" open={open === 'remove'} onClose={close}>
        <p className="wrap-anywhere">
          {document.name} leaves the library
          {document.chats > 0 ? `, and ${plural(document.chats, 'chat')} with it` : ''}. The file you added it from
          stays where it is.
        </p>
        <div className="mt-4 flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="danger"
            onClick={() => {
              close();
              void removeDocument(document.id);
            }}
          >
            Remove
          </Button>
        </div>
      </Dialog>
    </>
  );
}
