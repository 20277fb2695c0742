import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathTo, shownPath, siblingsOf, withChosen } from '../../../electron/contract/turn-tree.ts';

interface Leaf {
  id: string;
  parentId: string | null;
  chosen: boolean;
}
const ids = (turns: readonly Leaf[]) => turns.map(({ id }) => id).join('');

/** a has the children b and d; c is below b, e and f are below d. */
const tree: Leaf[] = [
  { id: 'a', parentId: null, chosen: true },
  { id: 'b', parentId: 'a', chosen: true },
  { id: 'c', parentId: 'b', chosen: true },
  { id: 'd', parentId: 'a', chosen: false },
  { id: 'e', parentId: 'd', chosen: false },
  { id: 'f', parentId: 'd', chosen: true },
];

describe('the tree of questions', () => {
  it('finds paths and siblings', () => {
    expect([ids(pathTo(tree, 'e')), ids(pathTo(tree, null)), ids(pathTo(tree, 'x'))]).toEqual(['ade', '', '']);
    expect([ids(shownPath(tree)), ids(shownPath([]))]).toEqual(['abc', '']);
    expect(tree[0] && ids(siblingsOf(tree, tree[0]))).toBe('a');
    expect(tree[4] && ids(siblingsOf(tree, tree[4]))).toBe('ef');
  });

  it('switches to a branch and remembers what was chosen below', () => {
    const switched = withChosen(tree, 'd');
    expect(ids(shownPath(switched))).toBe('adf');
    expect(ids(shownPath(withChosen(switched, 'b')))).toBe('abc');
    expect(switched[0]).toBe(tree[0]);
    expect(ids(shownPath(withChosen(tree, 'e')))).toBe('ade');
  });

  it('shows whatever was chosen last, in any tree', () => {
    const trees = fc.array(fc.nat(), { minLength: 1, maxLength: 30 }).map((parents) =>
      parents.map((parent, i): Leaf => {
        const at = i === 0 ? 0 : parent % (i + 1);
        return { id: String(i), parentId: at === 0 ? null : String(at - 1), chosen: false };
      }),
    );
    fc.assert(
      fc.property(trees, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (grown, picks) => {
        let turns = grown;
        for (const pick of picks) {
          const id = String(pick % turns.length);
          turns = withChosen(turns, id);
          const path = shownPath(turns).map((turn) => turn.id);
          expect(path).toContain(id);
          expect(pathTo(turns, path.at(-1) ?? null).map((turn) => turn.id)).toEqual(path);
          for (const turn of turns)
            expect(siblingsOf(turns, turn).filter((sibling) => sibling.chosen).length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
