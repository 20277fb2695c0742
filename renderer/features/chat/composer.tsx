/** The question being written. Enter asks, Shift+Enter breaks the line, Escape stops the answer. */
import { ArrowUp, Brain, Square } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { choices } from '../../../electron/contract/method-values.ts';
import { plural } from '../../format.ts';
import { ask, selectThinking, setDraft, setThinking, stopAnswer, useChat } from '../../stores/chat.ts';
import { changeOwnChoice } from '../../stores/document-choice.ts';
import { countDraft, useDraftTokens } from '../../stores/draft-tokens.ts';
import { useEffort } from '../../stores/effort.ts';
import { useEngine } from '../../stores/engine.ts';
import { Button } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';

const mostLines = 8;

export function Composer({ documentName }: { documentName: string }) {
  const draft = useChat((state) => state.draft);
  const isAnswering = useChat((state) => state.live !== null);
  const failure = useChat((state) => state.failure);
  const field = useRef<HTMLTextAreaElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(element);
    const most =
      mostLines * Number.parseFloat(lineHeight) + Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom);
    element.style.height = `${Math.min(element.scrollHeight, most)}px`;
  }, [draft]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: counted when the text changes
  useEffect(countDraft, [draft]);

  const isEmpty = draft.trim() === '';
  return (
    <div>
      {failure && (
        <div className="mb-2">
          <Problem message={failure.message} />
        </div>
      )}
      <div className="flex items-end gap-2 rounded-xl border border-line-strong bg-raised p-2 pl-4 focus-within:border-accent">
        <textarea
          ref={field}
          // biome-ignore lint/a11y/noAutofocus: the document is ready, asking is the one thing to do
          autoFocus
          rows={1}
          value={draft}
          aria-label={`Ask ${documentName}`}
          placeholder={`Ask ${documentName}`}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            // An input method ends its own composition with Enter.
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            if (!isAnswering) void ask(draft);
          }}
          className="min-h-8 flex-1 resize-none bg-transparent py-1 text-prose leading-6 outline-none placeholder:text-muted"
        />
        <ThinkFirst />
        <EffortChoice />
        <DraftTokens />
        {isAnswering ? (
          <Button onClick={stopAnswer}>
            <Square size={12} aria-hidden fill="currentColor" />
            Stop
          </Button>
        ) : (
          <Button kind="primary" disabled={isEmpty} onClick={() => void ask(draft)}>
            <ArrowUp size={14} aria-hidden />
            Ask
          </Button>
        )}
      </div>
      <Hints />
    </div>
  );
}

/** Shown where the open model can answer with or without thinking first. */
function ThinkFirst() {
  const isChoice = useEngine(({ telemetry }) => telemetry?.engine.model?.thinking === 'switch');
  const thinking = useChat(selectThinking);
  if (!isChoice) return null;
  return (
    <button
      type="button"
      aria-pressed={thinking}
      title="The model thinks before it answers: slower, and often better where something must be worked out. For this chat."
      onClick={() => setThinking(!thinking)}
      className={`mb-1 inline-flex items-center gap-1 rounded-md px-1.5 py-0.5 text-note leading-5 whitespace-nowrap ${thinking ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-sunken hover:text-ink'}`}
    >
      <Brain size={12} aria-hidden />
      Think first
    </button>
  );
}

const effortOptions = choices.effort.map((value) => ({ value, label: `Effort: ${value}` }));

/** Shown where the template of the open model takes a reasoning effort. */
function EffortChoice() {
  const { effort } = useEffort(useChat((state) => state.documentId));
  if (effort === undefined) return null;
  return (
    <span title="How long the model thinks about this document’s questions. A change reads the document again.">
      <Select
        value={effort}
        options={effortOptions}
        aria-label="Reasoning effort"
        className="mb-1 rounded-md bg-transparent px-1 py-0.5 text-note leading-5 text-muted hover:bg-sunken hover:text-ink"
        onChange={(next) => void changeOwnChoice({ effort: next })}
      />
    </span>
  );
}

function Hints() {
  const { effort, readWith } = useEffort(useChat((state) => state.documentId));
  const isOther = effort !== undefined && readWith !== undefined && readWith !== effort;
  return (
    <p role={isOther ? 'status' : undefined} className="mt-1.5 text-center text-note leading-4 text-muted">
      {isOther
        ? `The document was read with effort ${readWith}: the next question reads it again, with effort ${effort}.`
        : 'Enter asks, Shift+Enter breaks the line, Esc stops. Small models make mistakes: check what matters.'}
    </p>
  );
}

function DraftTokens() {
  const tokens = useDraftTokens((state) => state.tokens);
  return (
    <span className="tabular pb-2 text-note leading-4 whitespace-nowrap text-muted" data-testid="draft-tokens">
      {tokens === null ? '' : plural(tokens, 'token')}
    </span>
  );
}
