import { describe, expect, it } from 'vitest';
import type { ParseChoice } from '../../../electron/contract/documents.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();

async function read(
  body: string,
  head = '',
  choice: Partial<ParseChoice> = {},
): Promise<{ text: string; notes: Record<string, number> }> {
  const html = `<!doctype html><html><head>${head}</head><body>${body}</body></html>`;
  const { text, notes } = await parse(write('page.html', html), { choice });
  return { text, notes: Object.fromEntries(notes.map(({ kind, count }) => [kind, count])) };
}

describe('what a page shows', () => {
  it('reads the pages of frames that are in the file, with what they hide', async () => {
    const inner = '<p>Framed.</p><p hidden>gone</p><iframe srcdoc="&lt;p&gt;Deeper.&lt;/p&gt;"></iframe>';
    const { text, notes } = await read(
      `<p>Outer.</p><iframe srcdoc="${inner.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></iframe>`,
    );
    expect(text).toBe('Outer.\n\nFramed.\n\nDeeper.');
    expect(notes).toEqual({ 'hidden-text': 1 });
  });

  it('keeps buttons that belong to the text; others are named as boilerplate, and the whole page has them', async () => {
    const page =
      '<h2><button>Who pays?</button></h2><p>The tenant.</p><button aria-expanded="false">When?</button><p>In May.</p><p>Touch <button>Send</button> to end.</p><form><button>Share</button><input type="submit" value="Subscribe now"></form>';
    const { text, notes } = await read(page);
    expect(text).toBe('## Who pays?\n\nThe tenant.\n\nWhen?\n\nIn May.\n\nTouch Send to end.');
    expect(notes).toEqual({ 'page-furniture': 2 });
    expect((await read(page, '', { wholePage: true })).text).toMatch(/Share\s*Subscribe now/);
  });

  it('leaves out what attributes, inline styles and its own rules hide, and counts it', async () => {
    const { text, notes } = await read(
      `<p>Shown.</p><p hidden>a1</p><p style="color:red; DISPLAY : none">a2</p><p style="visibility:hidden">a3</p>
       <p class="gone">a4</p><p class="gone back">Back.</p><p id="x" class="gone">Exact.</p><div class="print">Screen.</div><p class="reader">a5</p>
       <p class="narrow">Wide.</p><template><p>a6</p></template><noscript>a7</noscript><dialog>a8</dialog><p aria-hidden="true">Seen by eyes.</p>
       <ul class="tabs"><li>One</li><li class="off">a9</li></ul>`,
      `<style>/* .gone{display:block} */ .gone { display: none } .gone.back{display:block} #x{display:inline}
       @media print { .print { display:none } } @media (max-width: 600px) { .narrow { display: none; } } .gone:hover{display:block}
       @media screen { .tabs > .off { display:none } } .reader{position:absolute;clip:rect(0,0,0,0)} @import url(x.css); a::before{display:none}</style>`,
    );
    expect(text).not.toMatch(/a\d/);
    for (const word of ['Shown.', 'Back.', 'Exact.', 'Screen.', 'Wide.', 'Seen by eyes.', 'One'])
      expect(text).toContain(word);
    expect(notes).toEqual({ 'hidden-text': 6 });
  });

  it('shows what is folded, forms with what they hold, and quotes, strikes and lists as they are marked', async () => {
    const { text } = await read(
      `<details><summary>More</summary>inside</details>
       <p>Name <input value="Ruth"> <input type="checkbox" checked> paid <input type="radio"> not <select><option>red<option selected>blue</select><button>Send</button></p>
       <p>He said <q>no</q>. Was <del>100</del> 80.</p>
       <ol type="a" start="3"><li>c</li><li>d<ol type="i"><li>one</li></ol></li><li value="9">i</li></ol><ol reversed><li>x</li><li>y</li></ol>`,
    );
    expect(text).toBe(
      'More\n\ninside\n\nName Ruth [x] paid [ ] not blue\n\nHe said “no”. Was ~~100~~ 80.\n\nc. c\nd. d\n   i. one\ni. i\n\n2. x\n1. y',
    );
  });

  it('tells raised and lowered text, readings and notes from the text', async () => {
    const { text } = await read(
      `<p>5<sup><a href="#n3">3</a></sup> percent<a href="#fn1" class="footnote-ref"><sup>1</sup></a>, 10<sup>12</sup> m<sup>2</sup>, x<sub>i</sub>, CO<sub>2</sub>, 1<sup>st</sup>, e<sup>x+y</sup>, Brand<sup>TM</sup>, cite<sup class="reference"><a href="#c">[4]</a></sup>.</p>
       <p><ruby>東<rp>(</rp><rt>とう</rt><rp>)</rp>京<rp>(</rp><rt>きょう</rt><rp>)</rp></ruby></p><p id="fn1">Audited. <a href="#r" role="doc-backlink">↩</a></p>`,
    );
    expect(text).toBe('5[3] percent[1], 10¹² m², xᵢ, CO₂, 1st, eˣ⁺ʸ, Brand™, cite[4].\n\n東京(とうきょう)\n\nAudited.');
  });

  it('reads equations, drawings and pictures by what is written in them', async () => {
    const { text, notes } = await read(
      `<p>A <math><mfrac><mi>a</mi><mn>2</mn></mfrac></math>, <math><semantics><mrow><mi>x</mi></mrow><annotation encoding="application/x-tex">x^2</annotation></semantics></math><span class="katex-html" aria-hidden="true">x2</span>.</p>
       <svg viewBox="0 0 1 1"><title>Plan</title><text>Gate</text><text>Yard</text></svg><svg><title>Logo</title><path/></svg>
       <img src="data:image/png;base64,QUJD" alt="chart"><img src="data:image/png;base64,QUJD">`,
    );
    expect(text).toContain('A $\\frac{a}{2}$, $x^2$.');
    expect(text).toContain('Gate Yard');
    expect(text).toContain('[Logo]');
    expect(text).toContain('[chart]');
    expect(text).not.toContain('QUJD');
    expect(notes).toEqual({ equations: 2, pictures: 1 });
  });

  it('reads signs of equations beside which MathJax writes comments, and elements that are not known', async () => {
    const { text } = await read(
      `<p>A <math><mo>&#x2212;<!-- − --></mo><msqrt><mi>&#x3C0;<!-- π --></mi></msqrt></math>, <math><mlongdiv><mn>3</mn><mn>435</mn><msrow><mn>1306</mn></msrow></mlongdiv></math>.</p>`,
    );
    expect(text).toContain('A $-\\sqrt{\\pi}$'.replace('-\\', '- \\'));
    for (const digits of ['435', '1306']) expect(text).toContain(digits);
  });

  it('repeats cells that span rows and columns', async () => {
    const { text } = await read(
      `<table><caption>Rates</caption><thead><tr><th rowspan="2">Zone</th><th colspan="2">Days</th></tr><tr><th>Mon</th><th>Tue</th></tr></thead>
       <tr><td rowspan="0">North</td><td colspan="2">4</td></tr><tr><td>5</td><td>6</td></tr></table>`,
    );
    expect(text).toBe('Rates\n\n| Zone | Days | Days |\n| Zone | Mon | Tue |\n| North | 4 | 4 |\n| North | 5 | 6 |');
  });

  it('keeps the page when everything in it seems hidden until a script runs', async () => {
    expect((await read('<p>Still here.</p>', '<style>body{visibility:hidden}</style>')).text).toBe('Still here.');
  });
});

describe('a saved page', () => {
  const sentence =
    'The harbour office recorded another quiet winter, with few ships, little ice, and a long list of small repairs. ';
  const article = `<main><article><h1>Winter report</h1><p>By Ruth</p>${`<p>${sentence.repeat(3)}</p>`.repeat(6)}<table><tr><td>Ice</td><td>3 days</td></tr></table><blockquote>Last word.</blockquote></article></main>`;
  const around = `<header class="masthead"><a href="/">Harbour News</a></header><nav><ul><li><a href="/a">World</a></li><li><a href="/b">Sport</a></li></ul></nav>${article}
    <aside class="related"><h2>Related</h2><ul><li><a href="/c">Ten storms you missed</a></li><li><a href="/d">Our best lamps</a></li></ul></aside>
    <div class="cookie-banner">We use cookies. <a href="/e">Accept</a></div><footer><a href="/f">Imprint</a> © 2024</footer><script>track()</script>`;

  it('is read without its navigation, which is said, and as a whole where that is asked for', async () => {
    const { text, notes } = await read(around);
    for (const kept of ['Winter report', 'By Ruth', 'small repairs', '| Ice | 3 days |', 'Last word.'])
      expect(text).toContain(kept);
    expect(text).not.toMatch(/World|Sport|Ten storms|cookies|Imprint|track/);
    expect(notes['page-furniture']).toBeGreaterThanOrEqual(4);
    const whole = await read(around, '', { wholePage: true });
    for (const word of ['World', 'Sport', 'Ten storms', 'cookies', 'Imprint']) expect(whole.text).toContain(word);
    expect(whole.text).not.toContain('track');
    expect(whole.notes).toEqual({});
  });

  it('may be as short as its navigation is long', async () => {
    const links = Array.from({ length: 9 }, (_, i) => `<a href="/${i}">Menu ${i}</a> `).join('');
    const { text } = await read(
      `<nav>${links}</nav><article><p>Only this.</p></article><footer>Imprint <a href="/i">here</a></footer>`,
    );
    expect(text).toBe('Only this.');
  });

  it.each([
    [
      'a table',
      `<h1>Rates</h1><table>${'<tr><td>North</td><td><a href="/x">4</a></td></tr>'.repeat(40)}</table><p>Note: net of tax.</p>`,
      ['North', 'net of tax'],
    ],
    [
      'documentation',
      `<h1>API</h1><div class="sidebar"><p>Install with npm, then read on. ${'It does much more than that. '.repeat(40)}</p></div><pre>call(x)</pre><dl><dt>x</dt><dd>a number</dd></dl>`,
      ['Install with npm', 'call(x)', 'a number'],
    ],
    [
      'a list of links',
      `<ul>${Array.from({ length: 30 }, (_, i) => `<li><a href="/${i}">Link number ${i}</a></li>`).join('')}</ul>`,
      ['Link number 0', 'Link number 29'],
    ],
    [
      'a form',
      '<form><p>Surname <input value="Zander"></p><p>Town <input value="Kiel"></p><textarea>Please call.</textarea></form>',
      ['Zander', 'Kiel', 'Please call.'],
    ],
    [
      'a text with contents',
      `<ul><li><a href="#a">Chapter one</a></li></ul>${`<p id="a">${sentence}</p>`.repeat(20)}<div class="footnotes"><p>1 See the annex, and the letter of May.</p></div>`,
      ['Chapter one', 'See the annex'],
    ],
  ])('that is %s loses nothing', async (_name, body, kept) => {
    const { text, notes } = await read(body);
    for (const words of kept) expect(text).toContain(words);
    expect(notes['page-furniture']).toBeUndefined();
  });
});

describe('hostile pages', () => {
  it('reads text below 10,000 elements', async () => {
    const { text } = await read(`${'<div><span>'.repeat(5000)}deep<p>deeper</p>`);
    expect(text).toContain('deep');
    expect(text).toContain('deeper');
  });

  it('does not let spans multiply without measure', async () => {
    const { text } = await read(
      `<table>${'<tr><td colspan="1000000000" rowspan="1000000000">x</td></tr>'.repeat(50)}</table>`,
    );
    expect(text.length).toBeLessThan(100_000);
  });
});
