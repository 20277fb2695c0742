/** Writes raised and lowered characters as plain text, so that 10² does not become 102. */

const raised: Record<string, string> = {
  ...pairs('0123456789+-−=()', '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾'),
  ...pairs('abcdefghijklmnoprstuvwxyz', 'ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ'),
};
const lowered: Record<string, string> = {
  ...pairs('0123456789+-−=()', '₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎'),
  ...pairs('aehijklmnoprstuvx', 'ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ'),
};

// 1st, 2nd, 3e, 1er, Mlle, No: letters that are raised only for appearance. They are joined with the word before them.
const ordinalEnd = /^(st|nd|rd|th|er|ère|re|e|ème|eme|es|a|o|ª|º|lle|me)$/;

/** `before`: the text that it follows. */
export function superscript(text: string, before: string): string {
  const plain = text.trim();
  if (plain === '') return text;
  if (ordinalEnd.test(plain) && /[\dA-Z]$/i.test(before)) return text;
  if (/^(tm|sm|®|©|™|℠)$/i.test(plain)) return text.replace(/tm/i, '™').replace(/sm/i, '℠');
  if (/^\[.*\]$/s.test(plain)) return text; // a mark in brackets already
  return marked(text, raised, '^');
}

export function subscript(text: string): string {
  return text.trim() === '' ? text : marked(text, lowered, '_');
}

function marked(text: string, table: Record<string, string>, sign: string): string {
  const plain = text.trim();
  const [before, after] = [text.slice(0, text.indexOf(plain)), text.slice(text.indexOf(plain) + plain.length)];
  // A whole sentence is raised only for appearance.
  if (plain.length > 40) return text;
  const chars = [...plain];
  const small = chars.every((char) => table[char] !== undefined);
  // Words are not written in small letters, which are hard to read; a single letter is (nᵗ, xᵢ).
  const asSmall = small && (chars.length === 1 || !/\p{L}{2}/u.test(plain));
  return `${before}${asSmall ? chars.map((char) => table[char]).join('') : `${sign}(${plain})`}${after}`;
}

function pairs(keys: string, values: string): Record<string, string> {
  const to = [...values];
  return Object.fromEntries([...keys].map((key, i) => [key, to[i] as string]));
}
