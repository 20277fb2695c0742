/** A question: as it was asked, or being written anew, with a way to the other branches that begin here. */
import { ChevronLeft, ChevronRight, Pencil } from 'lucide-react';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { askEdited, changeEditing, choose, startEditing, stopEditing, useChat } from '../../stores/chat.ts';
import { Button, IconButton } from '../../ui/button.tsx';

interface QuestionBoxProps {
  turn: Turn;
  versions: readonly Turn[];
}

export function QuestionBox({ turn, versions }: QuestionBoxProps) {
  const text = useChat(({ editing }) => (editing?.turnId === turn.id ? editing.text : null));
  const isBusy = useChat((state) => state.live !== null);
  if (text !== null) return <Editor turn={turn} text={text} isBusy={isBusy} />;
  return (
    <div className="group/question mb-4 flex items-start gap-1 rounded-lg border border-line bg-sunken py-2 pr-2 pl-4">
      <h2 className="sr-only">Question</h2>
      <p className="min-w-0 flex-1 py-0.5 text-prose leading-6 whitespace-pre-wrap wrap-anywhere">{turn.question}</p>
      <IconButton
        label="Edit the question"
        disabled={isBusy}
        onClick={() => startEditing(turn)}
        className="opacity-0 group-focus-within/question:opacity-100 group-hover/question:opacity-100 hover:bg-raised!"
      >
        <Pencil size={14} aria-hidden />
      </IconButton>
      {versions.length > 1 && <Versions turn={turn} versions={versions} />}
    </div>
  );
}

function Versions({ turn, versions }: QuestionBoxProps) {
  const at = versions.findIndex(({ id }) => id === turn.id);
  const before = versions[at - 1];
  const after = versions[at + 1];
  return (
    <fieldset aria-label="Branches" className="flex shrink-0 items-center text-note text-muted">
      <IconButton label="Branch before" disabled={!before} onClick={() => before && void choose(before.id)}>
        <ChevronLeft size={14} aria-hidden />
      </IconButton>
      <span className="tabular" data-testid="version">
        {at + 1}/{versions.length}
      </span>
      <IconButton label="Branch after" disabled={!after} onClick={() => after && void choose(after.id)}>
        <ChevronRight size={14} aria-hidden />
      </IconButton>
    </fieldset>
  );
}

function Editor({ turn, text, isBusy }: { turn: Turn; text: string; isBusy: boolean }) {
  const send = () => void askEdited(turn, text);
  return (
    <div className="mb-4 rounded-lg border border-line-strong bg-raised p-2 focus-within:border-accent">
      <h2 className="sr-only">Question</h2>
      <textarea
        // biome-ignore lint/a11y/noAutofocus: the person just asked to write here
        autoFocus
        aria-label="Edit the question"
        value={text}
        onFocus={({ target }) => target.setSelectionRange(text.length, text.length)}
        onChange={(event) => changeEditing(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.preventDefault();
            stopEditing();
          }
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          if (!isBusy) send();
        }}
        className="field-sizing-content max-h-60 min-h-12 w-full resize-none bg-transparent px-2 py-1 text-prose leading-6 outline-none"
      />
      <div className="flex items-center justify-end gap-2">
        <p className="mr-auto px-2 text-note leading-4 text-muted">The old question stays on a branch of its own.</p>
        <Button kind="bare" onClick={stopEditing}>
          Cancel
        </Button>
        <Button kind="primary" disabled={isBusy || text.trim() === ''} onClick={send}>
          Ask
        </Button>
      </div>
    </div>
  );
}
