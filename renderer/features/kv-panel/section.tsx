/** A titled part of the panel. */
import type { ReactNode } from 'react';

export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="border-t border-line px-4 py-4">
      <div className="mb-2 flex items-baseline justify-between gap-2">
        <h3 className="font-[600]">{title}</h3>
        {aside && <span className="tabular text-note leading-4 text-muted">{aside}</span>}
      </div>
      {children}
    </section>
  );
}
