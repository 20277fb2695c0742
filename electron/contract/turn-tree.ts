/**
 * The questions of a chat as a tree: editing a question or asking it again begins a branch beside it. Among the turns with one parent
 * exactly one is chosen; the chosen ones from the root on are the path that is shown and that the model remembers.
 */
import type { Turn } from './app-types.ts';

type TreeTurn = Pick<Turn, 'id' | 'parentId' | 'chosen'>;

/** The turns from the first question down to `id`; empty for null. Every list of turns here is in the order they were asked. */
export function pathTo<T extends TreeTurn>(turns: readonly T[], id: string | null): T[] {
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  const path: T[] = [];
  for (let turn = id === null ? undefined : byId.get(id); turn; ) {
    path.push(turn);
    turn = turn.parentId === null ? undefined : byId.get(turn.parentId);
  }
  return path.reverse();
}

export function shownPath<T extends TreeTurn>(turns: readonly T[]): T[] {
  const chosen = new Map(turns.filter((turn) => turn.chosen).map((turn) => [turn.parentId, turn]));
  const path: T[] = [];
  for (let turn = chosen.get(null); turn && path.length < turns.length; turn = chosen.get(turn.id)) path.push(turn);
  return path;
}

/** Turns with the same parent, including the turn itself. */
export function siblingsOf<T extends TreeTurn>(turns: readonly T[], of: TreeTurn): T[] {
  return turns.filter((turn) => turn.parentId === of.parentId);
}

/** Chooses the path to `id`; below it, the last choice stays. Turns that do not change stay the same objects. */
export function withChosen<T extends TreeTurn>(turns: readonly T[], id: string): T[] {
  const path = pathTo(turns, id);
  const parents = new Set(path.map((turn) => turn.parentId));
  const chosen = new Set(path.map((turn) => turn.id));
  return turns.map((turn) =>
    parents.has(turn.parentId) && turn.chosen !== chosen.has(turn.id) ? { ...turn, chosen: chosen.has(turn.id) } : turn,
  );
}

/** Turns that equal known ones are replaced by those objects, so that nothing is drawn anew for them. */
export function withKnown<T extends TreeTurn>(turns: readonly T[], known: readonly T[]): T[] {
  const byId = new Map(known.map((turn) => [turn.id, turn]));
  return turns.map((turn) => {
    const old = byId.get(turn.id);
    return old && JSON.stringify(old) === JSON.stringify(turn) ? old : turn;
  });
}
