/** Whether what is chosen beside the chat is this document's alone, what that is, and the way back to the settings. */
import { ownWords } from '../../choice-words.ts';
import { changeOwnChoice, followSettings, selectHasOwn, useDocumentChoice } from '../../stores/document-choice.ts';

export function ChoiceScope() {
  const choice = useDocumentChoice((state) => state.choice);
  const own = useDocumentChoice((state) => state.own);
  const hasOwn = useDocumentChoice(selectHasOwn);
  if (!choice) return null;
  const { mode, tokenBudget } = choice;
  return (
    <div className="mt-3 text-note leading-4">
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          checked={hasOwn}
          onChange={() => void (hasOwn ? followSettings() : changeOwnChoice({ mode, tokenBudget }))}
          className="size-3.5 accent-(--accent)"
        />
        Only for this document
      </label>
      <p className="mt-1 text-muted" data-testid="own-choice">
        {hasOwn
          ? `It has its own: ${ownWords(own)}. Everything else is as in the settings.`
          : 'What is chosen here and above the chat goes for every document.'}
      </p>
    </div>
  );
}
