import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();

describe('extract-source', () => {
  it('names every file that a line of LaTeX includes, not those in comments', async () => {
    const source = String.raw`\section{Oil} \input{one}\include{two} 5\% \input three
% \input{gone}
\verbatiminput{wick.py} \lstinputlisting[language=C]{lamp.c} \inputminted{py}{oil.py}
\import{parts/}{four} \subfile{five} \bibliography{refs,more} % \include{away}`;
    const { notes } = await parse(write('many.tex', source));
    const names = ['one', 'two', 'three', 'wick.py', 'lamp.c', 'oil.py', 'parts/four', 'five', 'refs', 'more'];
    expect(notes).toMatchObject([{ kind: 'included-files', count: 10, names }]);
  });

  it('keeps LaTeX as it is, one span per heading, and names what it includes', async () => {
    const source = String.raw`\documentclass{article}
\title{The \emph{Lamp} Book}
\begin{document}
\input{intro}
\section[Short]{Oil and {\bf wicks}}
Three litres. % a remark
\subsection*{Prices}
\include{tables/prices} $x^2$
\end{document}
`;
    const document = await parse(write('a.tex', source));
    expect(document.text).toBe(source);
    expect(document.title).toBe('The Lamp Book');
    expect(document.pages.map(({ label }) => label)).toEqual(['The Lamp Book', 'Oil and wicks', 'Prices']);
    expect(document.notes).toMatchObject([{ kind: 'included-files', count: 2, names: ['intro', 'tables/prices'] }]);
  });

  it('keeps code and data as they are, a span per hundred lines', async () => {
    const source = Array.from({ length: 230 }, (_, i) => `\tx${i} = "<b>${i}</b>"; // é`).join('\n');
    const document = await parse(write('a.py', source));
    expect(document.format).toBe('code');
    expect(document.text).toBe(source);
    expect(document.title).toBe('a.py');
    expect(document.pages.map(({ label }) => label)).toEqual(['lines 1-100', 'lines 101-200', 'lines 201-230']);
    const json = '{"a": [1, 2]}\n';
    expect((await parse(write('b.json', json))).text).toBe(json);
    // HTML in a file of code is code.
    expect((await parse(write('c.vue', '<html>\n<template>x</template></html>'))).text).toContain('<template>');
  });

  it('reads code in UTF-16 and with a byte order mark', async () => {
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('SELECT 1; -- é', 'utf16le')]);
    expect((await parse(write('d.sql', utf16))).text).toBe('SELECT 1; -- é');
  });
});
