import { describe, expect, it } from 'vitest';
import { pptxBytes, runXml, shapeXml } from '../../fixtures/documents/office-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();
const office = 'http://schemas.openxmlformats.org';

describe('extract-pptx', () => {
  it('numbers lists as the slide shows them, over levels and from a start', async () => {
    const numbered = (text: string, type: string, more = '', level = 0): string =>
      `<a:pPr lvl="${level}"><a:buAutoNum type="${type}" ${more}/></a:pPr>${runXml(text)}`;
    const list = [
      numbered('oil', 'arabicPeriod', 'startAt="4"'),
      numbered('whale', 'alphaLcParenBoth', '', 1),
      numbered('fish', 'alphaLcParenBoth', '', 1),
      numbered('wick', 'arabicPeriod', 'startAt="4"'),
      numbered('cotton', 'alphaLcParenBoth', '', 1),
      runXml('plain'),
      numbered('glass', 'romanUcParenR'),
    ];
    const { text } = await parse(write('numbers.pptx', pptxBytes([{ shapes: shapeXml(list) }])));
    expect(text).toBe('4. oil\n  (a) whale\n  (b) fish\n5. wick\n  (a) cotton\nplain\nI) glass');
  });

  it('reads titles, lists by level, raised digits, and the notes; not what every slide repeats', async () => {
    const bytes = pptxBytes([
      {
        shapes:
          shapeXml([runXml('The Lamp')], 'title') +
          shapeXml([runXml('Oil'), `<a:pPr lvl="1"/>${runXml('5 m')}${runXml('3', 'baseline="30000"')}`], '') +
          shapeXml([runXml('12')], 'sldNum') +
          shapeXml([`<a:pPr><a:buNone/></a:pPr>${runXml('Free')}<a:br/>${runXml('text')}`]),
        notes: shapeXml([runXml('Say it slowly.')], 'body') + shapeXml([runXml('1')], 'sldNum'),
      },
      { shapes: shapeXml([runXml('No title')]), attributes: 'show="0"' },
    ]);
    const document = await parse(write('a.pptx', bytes));
    expect(document.format).toBe('pptx');
    expect(document.title).toBe('The Lamp');
    expect(document.pages.map(({ label }) => label)).toEqual(['1: The Lamp', '2']);
    expect(document.text).toBe('# The Lamp\n\n- Oil\n  - 5 m³\n\nFree\ntext\n\nNotes: Say it slowly.\n\nNo title');
    expect(document.notes).toMatchObject([{ kind: 'hidden-slides', count: 1 }]);
  });

  it('leaves out shapes that the slide does not show, and counts those with a text', async () => {
    const hidden = (shape: string): string => shape.replace('<p:cNvPr ', '<p:cNvPr hidden="1" ');
    const group = `<p:grpSp><p:nvGrpSpPr><p:cNvPr id="9" name="g" hidden="true"/></p:nvGrpSpPr>${shapeXml([runXml('One')])}${shapeXml([runXml('Two')])}</p:grpSp>`;
    const shapes =
      shapeXml([runXml('Shown')]) + hidden(shapeXml([runXml('Old price')])) + hidden(shapeXml([''])) + group;
    const shownGroup = group.replace('hidden="true"', 'hidden="0"');
    const document = await parse(write('hidden.pptx', pptxBytes([{ shapes }, { shapes: shownGroup }])));
    expect(document.text).toBe('Shown\n\nOne\n\nTwo');
    expect(document.notes).toMatchObject([{ kind: 'hidden-text', count: 2 }]);
  });

  it('tells a footer, a date and what layout and master show once, and nothing where they are switched off', async () => {
    const names = `xmlns:p="${office}/presentationml/2006/main" xmlns:a="${office}/drawingml/2006/main"`;
    const tree = (shapes: string): string => `<p:cSld><p:spTree>${shapes}</p:spTree></p:cSld>`;
    const layout = { id: 'l', kind: 'slideLayout', target: '../slideLayouts/layout1.xml' };
    const footers = shapeXml([runXml('Draft of May')], 'ftr') + shapeXml([runXml('3 May 2020')], 'dt');
    const slide = (text: string): string => shapeXml([runXml(text)]) + footers;
    const bytes = pptxBytes(
      [
        { shapes: shapeXml([runXml('Plain')]), attributes: 'showMasterSp="0"', relations: [layout] },
        { shapes: slide('First'), relations: [layout] },
        { shapes: slide('Second') + shapeXml([runXml('Other foot')], 'ftr'), relations: [layout] },
      ],
      [
        {
          name: 'ppt/slideLayouts/layout1.xml',
          content: `<p:sldLayout ${names}>${tree(shapeXml([runXml('Click to edit')], 'title') + shapeXml([runXml('Dock Office')]))}</p:sldLayout>`,
        },
        {
          name: 'ppt/slideLayouts/_rels/layout1.xml.rels',
          content: `<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="m" Type="${office}/officeDocument/2006/relationships/slideMaster" Target="../slideMasters/master1.xml"/></Relationships>`,
        },
        {
          name: 'ppt/slideMasters/master1.xml',
          content: `<p:sldMaster ${names}>${tree(shapeXml([runXml('Foot of the master')], 'ftr') + shapeXml([runXml('Confidential')]))}</p:sldMaster>`,
        },
      ],
    );
    const document = await parse(write('f.pptx', bytes));
    expect(document.pages.map((page) => pageText(document, page))).toEqual([
      'Plain',
      'First\n\nDraft of May\n\n3 May 2020\n\nDock Office\n\nConfidential',
      'Second\n\nOther foot',
    ]);
    expect(document.notes).toEqual([]);
  });

  it('reads groups, tables with merged cells, charts and alternative texts, and counts the rest', async () => {
    const textCell = (text: string, attributes = ''): string =>
      `<a:tc ${attributes}><a:txBody><a:p>${text === '' ? '' : runXml(text)}</a:p></a:txBody></a:tc>`;
    const table = `<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr>${textCell('Both', 'gridSpan="2"')}${textCell('', 'hMerge="1"')}</a:tr><a:tr>${textCell('a', 'rowSpan="2"')}${textCell('b')}</a:tr><a:tr>${textCell('', 'vMerge="1"')}${textCell('c')}</a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>`;
    const chart = `<p:graphicFrame><a:graphic><a:graphicData><c:chart r:id="ch"/></a:graphicData></a:graphic></p:graphicFrame>`;
    const picture = (description: string): string =>
      `<p:pic><p:nvPicPr><p:cNvPr id="4" name="p" descr="${description}"/></p:nvPicPr></p:pic>`;
    const bytes = pptxBytes(
      [
        {
          shapes: `<p:grpSp><p:grpSp>${shapeXml([runXml('Deep inside')])}</p:grpSp></p:grpSp>${table}${chart}${picture('A lamp at dusk')}${picture('')}<mc:AlternateContent><mc:Choice>${shapeXml([runXml('Chosen')])}</mc:Choice><mc:Fallback>${shapeXml([runXml('Chosen')])}</mc:Fallback></mc:AlternateContent>`,
          relations: [{ id: 'ch', kind: 'chart', target: '../charts/chart1.xml' }],
        },
      ],
      [
        {
          name: 'ppt/charts/chart1.xml',
          content: `<c:chartSpace xmlns:c="${office}/drawingml/2006/chart" xmlns:a="${office}/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Oil</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:v>Litres</c:v></c:tx><c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>May</c:v></c:pt></c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache><c:pt idx="0"><c:v>42</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>`,
        },
      ],
    );
    const document = await parse(write('b.pptx', bytes));
    expect(document.text).toContain('Deep inside');
    expect(document.text).toContain('| Both | Both |\n| a | b |\n| a | c |');
    expect(document.text).toContain('[Chart: Oil]');
    expect(document.text).toContain('| Litres | 42 |');
    expect(document.text).toContain('[A lamp at dusk]');
    expect(document.text.match(/Chosen/g)).toHaveLength(1);
    expect(document.notes).toMatchObject([{ kind: 'pictures', count: 1 }]);
  });

  it('reads comments of both kinds with their authors', async () => {
    const bytes = pptxBytes(
      [
        {
          shapes: shapeXml([runXml('Text')]),
          relations: [{ id: 'c', kind: 'comments', target: '../comments/comment1.xml' }],
        },
      ],
      [
        {
          name: 'ppt/comments/comment1.xml',
          content: `<p:cmLst xmlns:p="${office}/presentationml/2006/main"><p:cm authorId="0"><p:text>Is this right?</p:text></p:cm></p:cmLst>`,
        },
      ],
    );
    const document = await parse(write('c.pptx', bytes));
    expect(pageText(document, document.pages[0])).toBe('Text\n\n[Comment: Is this right?]');
    expect(document.notes).toMatchObject([{ kind: 'comments', count: 1 }]);
  });

  it('ends damage and depth in a sentence', async () => {
    const deep = `${'<p:grpSp>'.repeat(5000)}${'</p:grpSp>'.repeat(5000)}`;
    await failure(parse(write('deep.pptx', pptxBytes([{ shapes: deep }]))), 'DOC_FORMAT');
    await failure(parse(write('cut.pptx', pptxBytes([{ shapes: '<p:sp>' }]))), 'DOC_FORMAT');
    await failure(parse(write('none.pptx', pptxBytes([]))), 'DOC_EMPTY');
  });
});
