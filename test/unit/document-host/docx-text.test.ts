import { describe, expect, it } from 'vitest';
import { type DocxInput, docxBytes, item, level, p, wordNamespaces } from '../../fixtures/documents/docx-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
const run = (text: string, properties = ''): string =>
  `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`;
const par = (inner: string): string => `<w:p>${inner}</w:p>`;

async function read(input: DocxInput | string): Promise<{ text: string; notes: Record<string, number> }> {
  const { text, notes } = await parse(
    write('text.docx', docxBytes(typeof input === 'string' ? { body: input } : input)),
  );
  return { text, notes: Object.fromEntries(notes.map(({ kind, count }) => [kind, count])) };
}

describe('tracked changes in a DOCX', () => {
  it('reads moves, deleted rows and joined paragraphs as accepted, and counts them', async () => {
    const mark = '<w:rPr><w:del w:id="9" w:author="A"/></w:rPr>';
    const cell = (text: string): string => `<w:tc>${p(text)}</w:tc>`;
    const { text, notes } = await read(
      `${p('The lease begins', mark)}<w:p>${run(' in May.')}</w:p>` +
        par(`${run('Kept. ')}<w:moveFrom w:id="1">${run('Moved away.')}</w:moveFrom>`) +
        par(`<w:moveTo w:id="2">${run('Moved here.')}</w:moveTo>`) +
        `<w:tbl><w:tr>${cell('a')}${cell('b')}</w:tr><w:tr><w:trPr><w:del w:id="3"/></w:trPr>${cell('old')}${cell('row')}</w:tr></w:tbl>` +
        par(`<w:del w:id="4"><w:r><w:delText>gone</w:delText></w:r></w:del>`),
    );
    expect(text).toBe('The lease begins in May.\n\nKept.\n\nMoved here.\n\n| a | b |');
    expect(notes).toEqual({ 'tracked-changes': 4 });
  });

  it('a clause whose paragraph is deleted does not count', async () => {
    const deleted = `<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr><w:del w:id="2"><w:r><w:delText>Old</w:delText></w:r></w:del></w:p>`;
    const numbering = `<w:abstractNum w:abstractNumId="0">${level(0, 'decimal', '%1.')}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>`;
    const { text } = await read({ body: item('One', 1) + deleted + item('Two', 1), parts: { numbering } });
    expect(text).toBe('1. One\n2. Two');
  });
});

describe('what stands beside the text of a DOCX', () => {
  it('keeps the placeholder of a field that is not filled in, as the page shows it, and counts it', async () => {
    const control = (properties: string, content: string): string =>
      `<w:sdt><w:sdtPr>${properties}</w:sdtPr><w:sdtContent>${content}</w:sdtContent></w:sdt>`;
    const { text, notes } = await read(
      par(`${run('Tenant: ')}${control('<w:showingPlcHdr/>', run('[name]'))}`) +
        par(`${run('Rent: ')}${control('<w:text/>', run('EUR 900'))}`) +
        par(`${run('Day: ')}${control('<w:showingPlcHdr w:val="0"/>', run('3 May'))}`) +
        control('<w:showingPlcHdr/>', p('Click to enter text.')),
    );
    expect(text).toBe('Tenant: [name]\n\nRent: EUR 900\n\nDay: 3 May\n\nClick to enter text.');
    expect(notes).toEqual({ 'unfilled-fields': 2 });
  });

  it('puts comments and replies where they stand, and notes below their block', async () => {
    const comment = (id: number, author: string, text: string, paragraph: string): string =>
      `<w:comment w:id="${id}" w:author="${author}"><w:p w14:paraId="${paragraph}">${run(text)}</w:p></w:comment>`;
    const reference = (kind: string, id: number, more = ''): string =>
      `<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:${kind}Reference w:id="${id}"${more}/></w:r>`;
    const note = (kind: string, id: number, text: string): string =>
      `<w:${kind} w:id="${id}"><w:p><w:r><w:${kind}Ref/></w:r>${run(text)}</w:p></w:${kind}>`;
    const { text, notes } = await read({
      body:
        par(
          `<w:commentRangeStart w:id="0"/>${run('Rent is 5')}${reference('footnote', 2)}<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r><w:r><w:commentReference w:id="1"/></w:r>${run(' percent.')}`,
        ) +
        par(
          `${run('Due')}${reference('endnote', 4)}${run(' soon')}<w:r><w:footnoteReference w:id="3" w:customMarkFollows="1"/><w:t>*</w:t></w:r>`,
        ) +
        p('Last.'),
      parts: {
        comments:
          comment(0, 'Ann', 'Too much?', '0A') + comment(1, 'Bo', 'No.', '0B') + comment(7, 'Ann', 'Lost place.', '0C'),
        commentsExtended:
          '<w15:commentEx w15:paraId="0A" w15:done="0"/><w15:commentEx w15:paraId="0B" w15:paraIdParent="0A"/>',
        footnotes: `<w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>${note('footnote', 2, 'Audited.')}${note('footnote', 3, 'By hand.')}`,
        endnotes: note('endnote', 4, 'In March.'),
      },
    });
    expect(text.split('\n\n')).toEqual([
      'Rent is 5[1] [Comment by Ann: Too much?] [Reply by Bo: No.] percent.',
      '[1] Audited.',
      'Due[i] soon[*]',
      '[*] By hand.',
      'Last.',
      '[i] In March.',
      '[Comment by Ann: Lost place.]',
    ]);
    expect(notes).toEqual({ comments: 3 });
  });

  it('reads each header and footer once, without page numbers', async () => {
    const field = (code: string): string =>
      `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> ${code} </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>${run('7')}<w:r><w:fldChar w:fldCharType="end"/></w:r>`;
    const section = (inner: string): string => `<w:sectPr>${inner}</w:sectPr>`;
    const header = (id: string): string => `<w:headerReference w:type="default" r:id="${id}"/>`;
    const { text } = await read({
      body: `<w:p><w:pPr>${section(header('header1'))}</w:pPr>${run('Body.')}</w:p>${section(`${header('header2')}<w:footerReference w:type="default" r:id="footer1"/>`)}`,
      parts: {
        header1: p('Draft 7'),
        header2: p('Draft 7'),
        footer1:
          par(
            `${run('Page ')}${field('PAGE')}${run(' of ')}<w:fldSimple w:instr="NUMPAGES">${run('9')}</w:fldSimple>`,
          ) + par(`${run('ACME ')}${field('PAGE')}`),
      },
    });
    expect(text).toBe('[Header: Draft 7]\n\nBody.\n\n[Footer: ACME]');
  });

  it('leaves hidden text out, also when a style hides it, and counts passages', async () => {
    const styles =
      '<w:style w:type="character" w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Draft"><w:basedOn w:val="Gone"/></w:style><w:style w:type="paragraph" w:styleId="Gone"><w:rPr><w:vanish/></w:rPr></w:style>';
    const { text, notes } = await read({
      body:
        par(
          run('A') +
            run('x', '<w:vanish/>') +
            run('y', '<w:rStyle w:val="Secret"/>') +
            run('B') +
            run('kept', '<w:vanish w:val="0"/>'),
        ) +
        p('whole', '<w:pStyle w:val="Draft"/>') +
        p('shown', '<w:pStyle w:val="Draft"/>', '<w:vanish w:val="false"/>') +
        p('twice', '<w:pStyle w:val="Gone"/>', '<w:rStyle w:val="Secret"/>'),
      parts: { styles },
    });
    expect(text).toBe('ABkept\n\nshown\n\ntwice');
    expect(notes).toEqual({ 'hidden-text': 2 });
  });
});

describe('what stands in the text of a DOCX', () => {
  it('shows the results of fields, nested ones too, and what forms hold', async () => {
    const char = (type: string, more = ''): string =>
      `<w:r><w:fldChar w:fldCharType="${type}">${more}</w:fldChar></w:r>`;
    const code = (text: string): string => `<w:r><w:instrText xml:space="preserve">${text}</w:instrText></w:r>`;
    const field = (instr: string, result: string | undefined, form = ''): string =>
      char('begin', form && `<w:ffData>${form}</w:ffData>`) +
      code(instr) +
      (result === undefined ? '' : char('separate') + result) +
      char('end');
    const { text, notes } = await read(
      par(
        run('By ') +
          char('begin') +
          code('IF ') +
          field('MERGEFIELD x', run('7')) +
          code(' = 7 "yes" "no"') +
          char('separate') +
          run('yes') +
          char('end') +
          run(', see ') +
          field('HYPERLINK "http://evil/"', run('the annex')) +
          run('.'),
      ) +
        par(
          field('FORMCHECKBOX', undefined, '<w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>') +
            run(' married ') +
            field(
              'FORMDROPDOWN',
              undefined,
              '<w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/><w:listEntry w:val="blue"/></w:ddList>',
            ) +
            field('SYMBOL 224 \\f "Wingdings"', undefined),
        ) +
        par(run('Dated ') + field('DATE \\@ "d"', undefined) + field('XE "word"', undefined)) +
        par(`${char('begin') + code('TOC \\o') + char('separate') + run('Terms')}<w:r><w:tab/></w:r>${run('3')}`) +
        par(run('Rent') + char('end')),
    );
    expect(text).toBe('By yes, see the annex.\n\n[x] married blue→\n\nDated\n\nTerms\t3\n\nRent');
    expect(notes).toEqual({ 'fields-without-result': 1 });
  });

  it('a field that never ends hides nothing', async () => {
    const { text } = await read(
      `${par(`<w:r><w:fldChar w:fldCharType="begin"/></w:r>${run('one')}`)}${p('two')}${p('three')}${p('four')}${p('five')}`,
    );
    for (const word of ['one', 'two', 'three', 'four', 'five']) expect(text).toContain(word);
  });

  it('reads text boxes once, word art, alternatives, controls, symbols and signs', async () => {
    const box = (text: string): string =>
      `<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent>${p(text)}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>${p(text)}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent>`;
    const { text } = await read(
      par(`${run('Before')}<w:r>${box('In the box.')}</w:r>`) +
        par('<w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>') +
        par(
          `<w:r><mc:AlternateContent><mc:Choice Requires="w99"/><mc:Fallback><w:t>Fallback only</w:t></mc:Fallback></mc:AlternateContent></w:r>`,
        ) +
        `<w:sdt><w:sdtPr><w:alias w:val="unseen"/></w:sdtPr><w:sdtContent>${par(`<w:sdt><w:sdtContent>${run('Chosen')}</w:sdtContent></w:sdt>`)}</w:sdtContent></w:sdt>` +
        par(
          `<w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:t>yes</w:t><w:noBreakHyphen/><w:t>no</w:t><w:tab/><w:t>end</w:t><w:br/><w:t>line</w:t></w:r>${run('\uF061', '<w:rFonts w:ascii="Symbol"/>')}`,
        ) +
        par(`${run('A', '')}`).replace('<w:p>', '<w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr>') +
        p('ll begins.') +
        par(
          '<w:r><w:ruby><w:rt><w:r><w:t>かん</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r>',
        ) +
        par(
          `${run('10')}${run('1', '<w:vertAlign w:val="superscript"/>')}${run('2', '<w:vertAlign w:val="superscript"/>')} ${run(' H')}${run('2', '<w:vertAlign w:val="subscript"/>')}${run('O, the 3')}${run('rd', '<w:vertAlign w:val="superscript"/>')}${run('loud', '<w:caps/>')}`,
        ),
    );
    expect(text.split('\n\n')).toEqual([
      'Before',
      'In the box.',
      'DRAFT',
      'Fallback only',
      'Chosen',
      '☑yes-no\tend\nlineα',
      'All begins.',
      '漢(かん)',
      '10¹² H₂O, the 3rdloud',
    ]);
  });

  it('tells digits that are set higher or lower from those beside them, unless the whole paragraph is', async () => {
    const moved = (text: string, halfPoints: number): string =>
      run(text, `<w:position w:val="${halfPoints}"/><w:sz w:val="16"/>`);
    const { text } = await read(
      par(
        run('The area is 12 m') + moved('2', 8) + run(' of H') + moved('2', -6) + run('O, a step of ') + moved('9', 2),
      ) +
        par(moved('A line on its own', 12)) +
        par(
          run('Sign ') +
            `<w:r><w:rPr><w:position w:val="-24"/></w:rPr><w:drawing><wp:docPr id="1" name="n" descr="half"/></w:drawing></w:r>`,
        ),
    );
    expect(text.split('\n\n')).toEqual(['The area is 12 m² of H₂O, a step of 9', 'A line on its own', 'Sign [half]']);
  });

  it('repeats merged cells, and opens tables that only frame text', async () => {
    const cell = (text: string, properties = ''): string => `<w:tc><w:tcPr>${properties}</w:tcPr>${p(text)}</w:tc>`;
    const row = (...cells: string[]): string => `<w:tr>${cells.join('')}</w:tr>`;
    const { text } = await read(
      `<w:tbl>${row(cell('Zone', '<w:gridSpan w:val="2"/>'), cell('Price'))}${row(cell('North', '<w:vMerge w:val="restart"/>'), cell('Mon'), cell('4'))}${row(cell('', '<w:vMerge/>'), cell('Tue'), cell('6'))}${row(cell('South'), cell('Wed'), cell('8'))}</w:tbl>` +
        `<w:tbl>${row(cell('Framed text.'))}</w:tbl>`,
    );
    expect(text).toBe(
      '| Zone | Zone | Price |\n| North | Mon | 4 |\n| North | Tue | 6 |\n| South | Wed | 8 |\n\nFramed text.',
    );
  });

  it('marks struck text, keeps labels of columns in their row, leaves hidden rows out', async () => {
    const cell = (inner: string): string => `<w:tc>${inner}</w:tc>`;
    const heading = (text: string): string => cell(p(text, '<w:pStyle w:val="Heading3"/>'));
    const { text, notes } = await read(
      par(
        run('Price ') +
          run('10', '<w:strike/>') +
          run('0', '<w:strike/>') +
          run(' 80 ') +
          run('kept', '<w:strike w:val="0"/>'),
      ) +
        `<w:tbl><w:tr>${heading('Zone')}${heading('Price')}</w:tr><w:tr>${cell(p('North'))}${cell(p('4'))}</w:tr><w:tr><w:trPr><w:hidden/></w:trPr>${cell(p('x'))}${cell(p('y'))}</w:tr></w:tbl>`,
    );
    expect(text).toBe('Price ~~100~~ 80 kept\n\n| Zone | Price |\n| North | 4 |');
    expect(notes).toEqual({ 'hidden-text': 1 });
  });

  it('writes equations as LaTeX', async () => {
    const r = (text: string): string => `<m:r><m:t>${text}</m:t></m:r>`;
    const of = (name: string, text: string): string => `<m:${name}>${text}</m:${name}>`;
    const pr = (name: string, value: string): string => `<m:${name} m:val="${value}"/>`;
    const equations: [string, string][] = [
      [of('f', of('num', r('a+b')) + of('den', r('2'))), '\\frac{a+b}{2}'],
      [of('rad', `<m:radPr><m:degHide/></m:radPr>${of('deg', '')}${of('e', r('x'))}`), '\\sqrt{x}'],
      [of('rad', of('deg', r('3')) + of('e', r('x'))), '\\sqrt[3]{x}'],
      [of('sSubSup', of('e', r('x')) + of('sub', r('i')) + of('sup', r('10'))), 'x_i^{10}'],
      [
        of('nary', of('naryPr', pr('chr', '∑')) + of('sub', r('k=1')) + of('sup', r('n')) + of('e', r('k'))),
        '\\sum_{k=1}^n k',
      ],
      [
        of(
          'd',
          of('dPr', pr('begChr', '[') + pr('endChr', ']')) +
            of('e', of('m', of('mr', of('e', r('1')) + of('e', r('0'))) + of('mr', of('e', r('0')) + of('e', r('1'))))),
        ),
        '[\\begin{matrix} 1 & 0 \\\\ 0 & 1 \\end{matrix}]',
      ],
      [of('acc', of('accPr', pr('chr', '\u20D7')) + of('e', r('v'))), '\\vec{v}'],
      [
        of('func', of('fName', of('limLow', of('e', r('lim')) + of('lim', r('x→0')))) + of('e', r('f'))),
        '\\lim_{x→0} f',
      ],
    ];
    const { text, notes } = await read(equations.map(([xml]) => par(`<m:oMath>${xml}</m:oMath>`)).join(''));
    expect(text.split('\n\n')).toEqual(equations.map(([, latex]) => `$${latex}$`));
    expect(notes).toEqual({ equations: equations.length });
  });

  it('reads other files that stand in it, names those it cannot read, and reads charts and diagrams', async () => {
    const inner = docxBytes({ body: p('From another document.') });
    const drawing = (xml: string): string =>
      par(
        `<w:r><w:drawing><wp:inline><a:graphic><a:graphicData>${xml}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`,
      );
    const points = (...values: (string | number)[]): string =>
      values.map((value, i) => `<c:pt idx="${i}"><c:v>${value}</c:v></c:pt>`).join('');
    const chart = `<c:chartSpace ${wordNamespaces}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache>${points('North')}</c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache>${points('2023', '2024')}</c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache>${points(4, 6.5)}</c:numCache></c:numRef></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>`;
    const diagram = `<dgm:dataModel ${wordNamespaces}><dgm:ptLst><dgm:pt modelId="1"><dgm:t><a:p><a:r><a:t>Plan</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt modelId="2"/></dgm:ptLst></dgm:dataModel>`;
    const { text, notes } = await read({
      body: `${['a1', 'a2', 'a5', 'a3', 'a4'].map((id) => `<w:altChunk r:id="${id}"/>`).join('')}${drawing('<c:chart r:id="c1"/>')}${drawing('<dgm:relIds r:dm="d1"/>')}${drawing('<pic:pic/>')}`,
      related: {
        a1: ['aFChunk', 'x/a.docx'],
        a2: ['aFChunk', 'x/b.txt'],
        a3: ['aFChunk', 'x/c.bin'],
        a5: ['aFChunk', 'x/d.mht'],
        a4: ['aFChunk', 'x/none.html'],
        c1: ['chart', 'charts/c.xml'],
        d1: ['diagramData', 'd.xml'],
      },
      files: [
        { name: 'word/x/a.docx', content: inner },
        { name: 'word/x/b.txt', content: 'Plain text.' },
        { name: 'word/x/c.bin', content: 'whatever' },
        {
          name: 'word/x/d.mht',
          content:
            'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n<html><body><p>From a saved =C3=A9tude.</p></body></html>\n--b--\n',
        },
        { name: 'word/charts/c.xml', content: chart },
        { name: 'word/d.xml', content: diagram },
      ],
    });
    expect(text).toBe(
      'From another document.\n\nPlain text.\n\nFrom a saved étude.\n\n[Chart: Sales]\n|  | 2023 | 2024 |\n| North | 4 | 6.5 |\n\n- Plan',
    );
    expect(notes).toEqual({ 'parts-not-read': 1, pictures: 1 });
  });
});

describe('DOCX files of other programs', () => {
  it('reads strict namespaces and prefixes of its own', async () => {
    const strict = (xml: string): string =>
      xml
        .replaceAll(
          'http://schemas.openxmlformats.org/wordprocessingml/2006/main',
          'http://purl.oclc.org/ooxml/wordprocessingml/main',
        )
        .replace(/(<\/?|\s|xmlns:)w(?=[:=])/g, '$1ns0');
    const { text } = await read({ body: p('Heading', '<w:pStyle w:val="Heading1"/>') + p('Text.'), rewrite: strict });
    expect(text).toBe('# Heading\n\nText.');
  });

  it('a damaged part beside the text costs that part and is named', async () => {
    const { text, notes } = await read({
      body: p('Stands.'),
      files: [{ name: 'word/comments.xml', content: '<w:comments><w:comment>' }],
      related: { c: ['comments', 'comments.xml'] },
    });
    expect(text).toBe('Stands.');
    expect(notes).toEqual({ 'parts-not-read': 1 });
  });

  it('ends in a sentence when elements are nested without measure', async () => {
    const deep = '<w:sdt><w:sdtContent>'.repeat(5000) + p('x') + '</w:sdtContent></w:sdt>'.repeat(5000);
    await expect(read(deep)).rejects.toMatchObject({ code: 'DOC_FORMAT' });
  });
});
