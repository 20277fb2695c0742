/**
 * A message that tells a whole state is new from end to end, also where nothing changed. This keeps the objects of the state before
 * wherever they are equal, so that only components whose part changed are drawn again.
 */

/** Returns `after`, made of the parts of `before` that are equal; `before` itself where all of it is. Both are what JSON can say. */
export function unchanged<Value>(before: Value | null, after: Value): Value {
  return merged(before, after) as Value;
}

function merged(before: unknown, after: unknown): unknown {
  if (!isTree(before) || !isTree(after) || Array.isArray(before) !== Array.isArray(after)) return after;
  const keys = Object.keys(after);
  let isSame = keys.length === Object.keys(before).length;
  // The message is nobody else's yet, so its parts are replaced in place.
  for (const key of keys) {
    const part = merged(before[key], after[key]);
    after[key] = part;
    isSame &&= part === before[key] && key in before;
  }
  return isSame ? before : after;
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
