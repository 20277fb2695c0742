/** What went wrong, in the words that came with it, and the one thing to do. */
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

export function Problem({
  message,
  children,
  tone = 'danger',
}: {
  message: string;
  children?: ReactNode;
  tone?: 'danger' | 'warn';
}) {
  return (
    <div role="alert" className="flex gap-3 rounded-lg border border-line bg-raised p-3">
      <TriangleAlert
        size={16}
        aria-hidden
        className={`mt-0.5 shrink-0 ${tone === 'danger' ? 'text-danger' : 'text-warn'}`}
      />
      <div className="min-w-0 flex-1">
        {/* The engine's last words may follow the sentence, line by line. */}
        <p className="max-h-40 overflow-y-auto whitespace-pre-wrap wrap-anywhere">{message}</p>
        {children && <div className="mt-2 flex flex-wrap gap-2">{children}</div>}
      </div>
    </div>
  );
}
