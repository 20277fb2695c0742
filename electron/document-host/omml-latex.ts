/**
 * Converts Word's equations (OMML) to LaTeX. No library that reads OMML is maintained; letters and signs stay Unicode, which models read
 * well.
 */
import { childNamed, childrenNamed, elements, isElement, textOf, type XmlElement } from './xml-tree.ts';

export function ommlToLatex(math: XmlElement): string {
  return children(math).replace(/ {2,}/g, ' ').trim();
}

const naryNames: Record<string, string> = {
  '∑': '\\sum',
  '∏': '\\prod',
  '∐': '\\coprod',
  '∫': '\\int',
  '∬': '\\iint',
  '∭': '\\iiint',
  '∮': '\\oint',
  '∯': '\\oiint',
  '⋃': '\\bigcup',
  '⋂': '\\bigcap',
  '⋁': '\\bigvee',
  '⋀': '\\bigwedge',
};

const accentNames: Record<string, string> = {
  '\u0300': '\\grave',
  '\u0301': '\\acute',
  '\u0302': '\\hat',
  '\u0303': '\\tilde',
  '\u0304': '\\bar',
  '\u0305': '\\overline',
  '\u0306': '\\breve',
  '\u0307': '\\dot',
  '\u0308': '\\ddot',
  '\u030C': '\\check',
  '\u20D6': '\\overleftarrow',
  '\u20D7': '\\vec',
  '\u20DB': '\\dddot',
  '^': '\\hat',
  '~': '\\tilde',
  '¯': '\\bar',
  '→': '\\vec',
};

const groupNames: Record<string, string> = {
  '⏞': '\\overbrace',
  '⏟': '\\underbrace',
  '→': '\\overrightarrow',
  '←': '\\overleftarrow',
};

const functionNames =
  /^(arccos|arcsin|arctan|arg|cos|cosh|cot|coth|csc|deg|det|dim|exp|gcd|hom|inf|ker|lg|lim|liminf|limsup|ln|log|max|min|Pr|sec|sin|sinh|sup|tan|tanh)$/;

/** Letters that are italic or bold by their code (𝐸): they are replaced by plain ones, which can be searched for. */
const mathLetters = /[\u{1D400}-\u{1D7FF}\u210E]/gu;

const delimiterNames: Record<string, string> = { '{': '\\{', '}': '\\}', '‖': '\\|' };

function children(element: XmlElement | undefined): string {
  return element ? elements(element).reduce((text, child) => joined(text, latex(child)), '') : '';
}

/** Joins two parts, with a space between a command and a letter. */
function joined(before: string, after: string): string {
  return /\\[A-Za-z]+$/.test(before) && /^[A-Za-z\d]/.test(after) ? `${before} ${after}` : before + after;
}

function group(text: string): string {
  return [...text].length === 1 ? text : `{${text}}`;
}

function property(element: XmlElement, name: string): string | undefined {
  const properties = childNamed(element, `${element.name}Pr`);
  return childNamed(properties, name)?.attributes['m:val'];
}

/** An on/off property of an equation's element. */
function isSet(element: XmlElement, name: string): boolean {
  const found = childNamed(childNamed(element, `${element.name}Pr`), name);
  return found !== undefined && !/^(0|off|false)$/.test(found.attributes['m:val'] ?? 'on');
}

function latex(element: XmlElement): string {
  const part = (name: string): string => children(childNamed(element, name));
  const script = (name: string, sign: string): string => {
    const text = part(name);
    return text === '' ? '' : `${sign}${group(text)}`;
  };
  switch (element.name) {
    case 'm:r':
      return run(element);
    case 'm:f':
      return fraction(property(element, 'm:type'), part('m:num'), part('m:den'));
    case 'm:sSup':
      return base(part('m:e')) + script('m:sup', '^');
    case 'm:sSub':
      return base(part('m:e')) + script('m:sub', '_');
    case 'm:sSubSup':
      return base(part('m:e')) + script('m:sub', '_') + script('m:sup', '^');
    case 'm:sPre':
      return `{}${script('m:sub', '_')}${script('m:sup', '^')}${part('m:e')}`;
    case 'm:rad': {
      const degree = isSet(element, 'm:degHide') ? '' : part('m:deg');
      return `\\sqrt${degree === '' ? '' : `[${degree}]`}{${part('m:e')}}`;
    }
    case 'm:nary': {
      const sign = property(element, 'm:chr') ?? '∫';
      const sub = isSet(element, 'm:subHide') ? '' : script('m:sub', '_');
      const sup = isSet(element, 'm:supHide') ? '' : script('m:sup', '^');
      return `${naryNames[sign] ?? sign}${sub}${sup} ${part('m:e')}`;
    }
    case 'm:d':
      return delimited(element);
    case 'm:m':
      return environment(
        'matrix',
        childrenNamed(element, 'm:mr').map((row) => childrenNamed(row, 'm:e').map(children).join(' & ')),
      );
    case 'm:eqArr':
      return environment('aligned', childrenNamed(element, 'm:e').map(children));
    case 'm:acc':
      return `${accentNames[property(element, 'm:chr') ?? '\u0302'] ?? '\\hat'}{${part('m:e')}}`;
    case 'm:bar':
      return `${property(element, 'm:pos') === 'top' ? '\\overline' : '\\underline'}{${part('m:e')}}`;
    case 'm:groupChr': {
      const sign = property(element, 'm:chr') ?? '⏟';
      return groupNames[sign] ? `${groupNames[sign]}{${part('m:e')}}` : `\\underset{${sign}}{${part('m:e')}}`;
    }
    case 'm:limLow':
      return /^\\?[A-Za-z]+$/.test(part('m:e'))
        ? named(part('m:e')) + script('m:lim', '_')
        : `\\underset{${part('m:lim')}}{${part('m:e')}}`;
    case 'm:limUpp':
      return `\\overset{${part('m:lim')}}{${part('m:e')}}`;
    case 'm:func':
      return `${named(part('m:fName'))} ${part('m:e')}`;
    case 'w:del':
    case 'w:moveFrom':
      return '';
    default:
      return /Pr$/.test(element.name) ? '' : children(element); // m:box, m:e, m:phant, w:ins and the like
  }
}

function run(element: XmlElement): string {
  const properties = childNamed(element, 'm:rPr');
  const text = element.children
    .filter(isElement)
    .filter(({ name }) => name === 'm:t' || name === 'w:t')
    .map(textOf)
    .join('')
    .replace(mathLetters, (letter) => letter.normalize('NFKC'));
  if (childNamed(properties, 'm:nor') && /\p{L}{2}/u.test(text)) return `\\text{${text}}`;
  const script = childNamed(properties, 'm:scr')?.attributes['m:val'];
  const font = { 'double-struck': '\\mathbb', script: '\\mathcal', fraktur: '\\mathfrak' }[script ?? ''];
  return font && text.trim() !== '' ? `${font}{${text}}` : text;
}

function base(text: string): string {
  return /^(.|[A-Za-z\d]+|\\[a-z]+\{[^{}]*\}|[([].*[)\]])$/su.test(text) ? text : `{${text}}`;
}

function named(name: string): string {
  return functionNames.test(name) ? `\\${name}` : name;
}

function fraction(type: string | undefined, above: string, below: string): string {
  if (type === 'lin') return `${group(above)}/${group(below)}`;
  if (type === 'noBar') return `{${above} \\atop ${below}}`;
  return `\\frac{${above}}{${below}}`;
}

/** A delimiter that is stated as empty is not drawn; one that is not stated is a round bracket. */
function delimited(element: XmlElement): string {
  const sign = (name: string, otherwise: string): string => {
    const stated = property(element, name);
    const char = stated === undefined ? otherwise : stated;
    return delimiterNames[char] ?? char;
  };
  const inner = childrenNamed(element, 'm:e').map(children);
  return `${sign('m:begChr', '(')}${inner.join(sign('m:sepChr', '|'))}${sign('m:endChr', ')')}`;
}

function environment(name: string, rows: readonly string[]): string {
  return `\\begin{${name}} ${rows.join(' \\\\ ')} \\end{${name}}`;
}
