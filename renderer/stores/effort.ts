/** The reasoning effort of a document: which one applies, and whether the document was read with another. */
import type { Effort } from '../../electron/contract/method.ts';
import { useDocumentChoice } from './document-choice.ts';
import { selectHeld, useEngine } from './engine.ts';

/** What is chosen for the open document; undefined: the model's template takes no effort, or the choice is not loaded yet. */
function chosenFor(
  documentId: string | null,
  engine: ReturnType<typeof useEngine.getState>,
  chosen: ReturnType<typeof useDocumentChoice.getState>,
): Effort | undefined {
  const effort = chosen.documentId === documentId ? chosen.choice?.effort : undefined;
  return effort && engine.telemetry?.engine.model?.hasEffort ? effort : undefined;
}

/** Whether the document is in memory, read with another effort than the chosen one: a question reads it again. */
export function isReadOtherwise(documentId: string): boolean {
  const engine = useEngine.getState();
  const effort = chosenFor(documentId, engine, useDocumentChoice.getState());
  const held = selectHeld(documentId)(engine);
  return effort !== undefined && held !== undefined && held.effort !== effort;
}

/** `readWith`: of the document in memory; undefined: it is not there. */
export function useEffort(documentId: string | null): { effort: Effort | undefined; readWith: Effort | undefined } {
  const chosen = useDocumentChoice();
  const effort = useEngine((engine) => chosenFor(documentId, engine, chosen));
  const readWith = useEngine((engine) => selectHeld(documentId)(engine)?.effort);
  return { effort, readWith };
}
