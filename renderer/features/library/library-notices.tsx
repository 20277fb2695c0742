/** What opening the library found: it was damaged and has been repaired, or it cannot be written. */
import { X } from 'lucide-react';
import { dismissLibraryNotice, useLibrary } from '../../stores/library.ts';
import { IconButton } from '../../ui/button.tsx';

export function LibraryNotices() {
  const notices = useLibrary((library) => library.notices);
  if (notices.length === 0) return null;
  return (
    <section aria-label="About the library" className="border-b border-line bg-raised">
      {notices.map((notice) => (
        <div key={notice} role="status" className="flex items-start gap-2 py-2 pr-2 pl-4">
          <p className="min-w-0 flex-1 py-1 wrap-anywhere text-warn">{notice}</p>
          <IconButton label="Dismiss" onClick={() => dismissLibraryNotice(notice)}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
    </section>
  );
}
