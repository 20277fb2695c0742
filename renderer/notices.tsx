/** Short messages below the window's head, and the question before an address leaves the app. */
import { X } from 'lucide-react';
import { useEffect } from 'react';
import { copyText } from './bridge/browser.ts';
import { askLink, dismiss, type Notice, notify, useUi } from './stores/ui.ts';
import { Button, IconButton } from './ui/button.tsx';
import { Dialog } from './ui/dialog.tsx';

const plainMs = 5000;

export function Notices() {
  const notices = useUi((ui) => ui.notices);
  return (
    <div role="status" aria-live="polite" className="fixed top-14 left-1/2 z-40 -translate-x-1/2 space-y-2">
      {notices.map((notice) => (
        <NoticeView key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeView({ notice }: { notice: Notice }) {
  // A failure stays until it was read.
  useEffect(() => {
    if (notice.tone === 'danger') return;
    const timer = setTimeout(() => dismiss(notice.id), plainMs);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div className="flex max-w-[560px] items-start gap-2 rounded-lg border border-line bg-raised py-2 pr-1 pl-4 shadow-(--shadow)">
      <p className={`py-1 whitespace-pre-wrap wrap-anywhere ${notice.tone === 'danger' ? 'text-danger' : ''}`}>
        {notice.text}
      </p>
      <IconButton label="Dismiss" onClick={() => dismiss(notice.id)}>
        <X size={14} aria-hidden />
      </IconButton>
    </div>
  );
}

/** RocketDoc opens no page of the web: it shows the whole address and offers to copy it. */
export function LinkDialog() {
  const link = useUi((ui) => ui.askedLink);
  const close = () => askLink(null);
  return (
    <Dialog title="An address in the text" open={link !== null} onClose={close}>
      <p className="text-muted">
        RocketDoc does not open pages. Check the address and open it yourself if you trust it.
      </p>
      <p className="mt-3 max-h-40 overflow-y-auto rounded-md bg-sunken p-2 font-mono text-note leading-4 break-all">
        {link}
      </p>
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>Close</Button>
        <Button
          kind="primary"
          onClick={async () => {
            notify((await copyText(link ?? '')) ? 'Address copied.' : 'The clipboard is not allowed here.');
            close();
          }}
        >
          Copy address
        </Button>
      </div>
    </Dialog>
  );
}
