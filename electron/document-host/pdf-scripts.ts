/**
 * Raised and lowered characters. As plain digits they would change the numbers beside them ("5" with the note mark 3 is not 53), so a note
 * mark is written as [3], an exponent as ³, an index as ₂. Pure.
 */

const raised: Record<string, string> = {
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
  '+': '⁺',
  '-': '⁻',
  '−': '⁻',
  '–': '⁻',
  '=': '⁼',
  '(': '⁽',
  ')': '⁾',
  a: 'ᵃ',
  b: 'ᵇ',
  c: 'ᶜ',
  d: 'ᵈ',
  e: 'ᵉ',
  f: 'ᶠ',
  g: 'ᵍ',
  h: 'ʰ',
  i: 'ⁱ',
  j: 'ʲ',
  k: 'ᵏ',
  l: 'ˡ',
  m: 'ᵐ',
  n: 'ⁿ',
  o: 'ᵒ',
  p: 'ᵖ',
  r: 'ʳ',
  s: 'ˢ',
  t: 'ᵗ',
  u: 'ᵘ',
  v: 'ᵛ',
  w: 'ʷ',
  x: 'ˣ',
  y: 'ʸ',
  z: 'ᶻ',
  T: 'ᵀ',
};
const lowered: Record<string, string> = {
  '0': '₀',
  '1': '₁',
  '2': '₂',
  '3': '₃',
  '4': '₄',
  '5': '₅',
  '6': '₆',
  '7': '₇',
  '8': '₈',
  '9': '₉',
  '+': '₊',
  '-': '₋',
  '−': '₋',
  '–': '₋',
  '=': '₌',
  '(': '₍',
  ')': '₎',
  a: 'ₐ',
  e: 'ₑ',
  h: 'ₕ',
  i: 'ᵢ',
  j: 'ⱼ',
  k: 'ₖ',
  l: 'ₗ',
  m: 'ₘ',
  n: 'ₙ',
  o: 'ₒ',
  p: 'ₚ',
  r: 'ᵣ',
  s: 'ₛ',
  t: 'ₜ',
  u: 'ᵤ',
  v: 'ᵥ',
  x: 'ₓ',
};

/** The form of a note mark: "3", "1,2", "4–6". */
const noteMark = /^\d{1,3}(\s?[,;–-]\s?\d{1,3})*$/;
/** Names of functions: a raised number after them is an exponent, after other words a note mark. */
const functionNames =
  /(^|[^\p{L}])(sin|cos|tan|log|exp|sec|cot|csc|sinh|cosh|tanh|lim|max|min|det|dim|ker|gcd|mod|Var|cov)$/u;

const longestFormula = 60; // characters that are looked at

/**
 * `before`: the text before it in its line, '' at the start of a line; `after`: the text after it; `notes`: the numbers of the notes on the
 * page.
 */
export function raisedText(text: string, before: string, after: string, notes: ReadonlySet<string>): string {
  const letters = /^(\p{L})$/u.test(text);
  if (letters) return /[\p{L}\p{N})\]]$/u.test(before) ? (mapped(text, raised) ?? text) : text;
  if (!/\d/.test(text)) return /^[+\-−–]+$/u.test(text) && before !== '' ? (mapped(text, raised) ?? text) : text;
  if (noteMark.test(text) && isNoteMark(text, before, after, notes)) return `[${text}]`;
  return mapped(text, raised) ?? (/^[[(].*[\])]$/u.test(text) || before === '' ? text : `^(${text})`);
}

export function loweredText(text: string): string {
  if (!/\d/.test(text)) return text;
  return mapped(text, lowered) ?? `_(${text})`;
}

function isNoteMark(text: string, before: string, after: string, notes: ReadonlySet<string>): boolean {
  const has = notes.has(/^\d+/.exec(text)?.[0] ?? '');
  // At the start of a line it is the number of the note itself, or an isotope's mass number: "²³⁵U".
  if (before === '') return !/^[A-Z][a-z]?(?![\p{L}])/u.test(after);
  if (/\s$/u.test(before)) return true;
  const word = /\p{L}+$/u.exec(before)?.[0] ?? '';
  if (word.length >= 3) return !functionNames.test(before);
  if (word.length > 0) return has && !/^[23]$/.test(text);
  if (/\d$/.test(before)) return has;
  if (isFormula(before)) return false;
  if (/[)\]]$/u.test(before)) return has || !/[\d+*/=^−-][^([]*[)\]]$/u.test(before);
  return true;
}

/** Whether it ends with a sum or the like in brackets: "(x − 1)". Such a formula has an exponent, whatever notes there are. */
function isFormula(before: string): boolean {
  const inside = /[([]([^()[\]]*)[)\]]$/u.exec(before.slice(-longestFormula))?.[1] ?? '';
  return /\p{L}/u.test(inside) && !/\p{L}{3}/u.test(inside) && /[\p{L}\d]\s?[+*/=−]\s?[\p{L}\d]/u.test(inside);
}

function mapped(text: string, table: Record<string, string>): string | undefined {
  let result = '';
  for (const character of text) {
    const other = table[character] ?? (character === ' ' ? '' : character === ',' ? ',' : undefined);
    if (other === undefined) return undefined;
    result += other;
  }
  return result;
}
