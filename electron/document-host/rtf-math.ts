/**
 * Equations of RTF. Their groups are the elements of Word's equations (OMML), with the control word \msSup for m:sSup, so they are read into a
 * tree of such elements. Pure.
 */
import { ommlToLatex } from './omml-latex.ts';
import type { XmlElement } from './xml-tree.ts';

/** An element that is being read. */
export interface MathElement {
  element: XmlElement;
  depth: number;
}

const maxDepth = 200; // a deeper group belongs to the one around it

const structures = new Set(
  (
    'acc bar borderBox box d deg den e eqArr f fName func groupChr lim limLow limUpp m mr nary num oMath oMathPara phant r rad sPre ' +
    'sSub sSubSup sSup sub sup accPr barPr dPr fPr groupChrPr naryPr radPr'
  ).split(' '),
);
const isArgument = (name: string): boolean => /^m:(deg|den|e|fName|lim|num|sub|sup)$/.test(name);
/** Their text is the value of a property. */
const properties = new Set('chr begChr endChr sepChr type pos degHide subHide supHide'.split(' '));
/** By the number after \mscr. */
const scripts = ['roman', 'script', 'fraktur', 'double-struck'];

export const newEquation = (): MathElement => ({ element: elementOf('m:oMathPara'), depth: 0 });

/** The element that a control word begins in another one; undefined: it begins none. */
export function mathElement(parent: MathElement, word: string): MathElement | undefined {
  const name = word.startsWith('m') ? word.slice(1) : '';
  const isProperty = properties.has(name);
  if (!isProperty && !structures.has(name)) return undefined;
  // Text stands in arguments: the last structure keeps its own, and all that is deeper stands there.
  if (parent.depth >= maxDepth && !(isArgument(`m:${name}`) && !isArgument(parent.element.name))) return parent;
  const element = elementOf(`m:${name}`);
  if (isProperty) element.attributes['m:val'] = '';
  parent.element.children.push(element);
  return { element, depth: parent.depth + 1 };
}

/** Handles the kind of a run's letters. */
export function formatMath({ element }: MathElement, word: string, value: number | undefined): boolean {
  if (element.name !== 'm:r' || (word !== 'mscr' && word !== 'mnor')) return false;
  const format = elementOf(word === 'mscr' ? 'm:scr' : 'm:nor');
  format.attributes['m:val'] = word === 'mscr' ? (scripts[value ?? 0] ?? '') : 'on';
  element.children.push({ ...elementOf('m:rPr'), children: [format] });
  return true;
}

export function addMathText({ element }: MathElement, text: string): void {
  const value = element.attributes['m:val'];
  if (value !== undefined) element.attributes['m:val'] = value + text;
  else if (element.name === 'm:r') element.children.push({ ...elementOf('m:t'), children: [text] });
  else if (text.trim() !== '')
    element.children.push({ ...elementOf('m:r'), children: [{ ...elementOf('m:t'), children: [text] }] });
}

export const equationText = ({ element }: MathElement): string => ommlToLatex(element);

const elementOf = (name: string): XmlElement => ({ name, attributes: {}, children: [] });
