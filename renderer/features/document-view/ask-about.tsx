/** What a person selected in the document can become the beginning of a question. */
import { MessageSquareQuote } from 'lucide-react';
import { askAbout } from '../../stores/document-view.ts';
import { Button } from '../../ui/button.tsx';

const mostShown = 80;

export function AskAbout({ quote, onDone }: { quote: string; onDone: () => void }) {
  const line = quote.replace(/\s+/g, ' ').trim();
  if (line === '') return null;
  return (
    <div className="flex shrink-0 items-center gap-3 border-t border-line bg-raised px-3 py-2">
      <p className="min-w-0 flex-1 truncate text-note leading-4 text-muted">
        “{line.length > mostShown ? `${line.slice(0, mostShown)}…` : line}”
      </p>
      <Button
        // The button must not take the selection away before it is asked about.
        onPointerDown={(event) => event.preventDefault()}
        onClick={() => {
          askAbout(line);
          onDone();
        }}
      >
        <MessageSquareQuote size={14} aria-hidden />
        Ask about this
      </Button>
    </div>
  );
}
