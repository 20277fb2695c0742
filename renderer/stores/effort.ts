/** The reasoning effort of a document: which one applies, and whether the document was read with another. */
import type { Effort } from '../../electron/contract/method.ts';
import { useDocumentChoice } from './document-choice.ts';
import { selectHeld, useEngine } from './engine.ts';

type Choice = ReturnType<typeof useDocumentChoice.getState>;
type Engine = ReturnType<typeof useEngine.getState>;

/** What is chosen for the document; undefined: another one's choice is loaded, or none yet. */
const effortChosen =
  (documentId: string | null) =>
  (chosen: Choice): Effort | undefined =>
    chosen.documentId === documentId ? chosen.choice?.effort : undefined;

/** Whether the model's template takes an effort. */
const takesEffort = ({ telemetry }: Engine): boolean => telemetry?.engine.model?.hasEffort === true;

/** Whether the document is in memory, read with another effort than the chosen one: a question reads it again. */
export function isReadOtherwise(documentId: string): boolean {
  const effort = effortChosen(documentId)(useDocumentChoice.getState());
  const engine = useEngine.getState();
  if (effort === undefined || !takesEffort(engine)) return false;
  const held = selectHeld(documentId)(engine);
  return held !== undefined && held.effort !== effort;
}

/** `effort`: the one that applies; undefined: none does. `readWith`: of the document in memory; undefined: it is not there. */
export function useEffort(documentId: string | null): { effort: Effort | undefined; readWith: Effort | undefined } {
  const chosen = useDocumentChoice(effortChosen(documentId));
  const effort = useEngine(takesEffort) ? chosen : undefined;
  const readWith = useEngine((engine) => selectHeld(documentId)(engine)?.effort);
  return { effort, readWith };
}
