import { describe, expect, it } from 'vitest';
import { flatOdf, odfBytes, odfObject } from '../../fixtures/documents/office-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure, parse } from './parsing.ts';

const write = temporaryFiles();
const frame = (content: string): string => `<draw:frame draw:name="f">${content}</draw:frame>`;

describe('extract-odt', () => {
  it('shows the numbers of lists and headings as Writer does, over nesting and interruption', async () => {
    const level = (n: number, format: string, more = ''): string =>
      `<text:list-level-style-number text:level="${n}" style:num-format="${format}" style:num-suffix="." ${more}/>`;
    const automaticStyles = `<text:list-style style:name="L1">${level(1, '1')}${level(2, 'a')}${level(3, 'i', 'text:display-levels="3"')}</text:list-style><text:list-style style:name="B"><text:list-level-style-bullet text:level="1" text:bullet-char="•"/></text:list-style>`;
    const styles =
      '<office:styles><text:outline-style><text:outline-level-style text:level="1" style:num-format="I"/><text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style></office:styles>';
    const item = (content: string): string => `<text:list-item>${content}</text:list-item>`;
    const body = `<text:h text:outline-level="1">Terms</text:h><text:h text:outline-level="2">Oil</text:h>
      <text:list text:style-name="L1" xml:id="l1">${item('<text:p>First</text:p>')}${item(`<text:p>Second</text:p><text:list>${item('<text:p>Sub</text:p>')}${item(`<text:p>Sub two</text:p><text:list>${item('<text:p>Deep</text:p>')}</text:list>`)}</text:list>`)}</text:list>
      <text:p>Between.</text:p><text:list text:style-name="L1" text:continue-numbering="true">${item('<text:p>Third</text:p>')}</text:list>
      <text:list text:style-name="L1">${item('<text:p>Anew</text:p>')}</text:list><text:list text:style-name="B">${item('<text:p>Point</text:p>')}</text:list><text:h text:outline-level="1">End</text:h>`;
    const document = await parse(write('a.odt', odfBytes({ kind: 'text', body, automaticStyles, styles })));
    expect(document.text).toBe(
      [
        '# I Terms',
        '## I.1 Oil',
        '1. First\n2. Second\n  a. Sub\n  b. Sub two\n    2.b.i. Deep',
        'Between.',
        '3. Third',
        '1. Anew',
        '- Point',
        '# II End',
      ].join('\n\n'),
    );
    expect(document.pages.map(({ label }) => label)).toEqual(['I Terms', 'I.1 Oil', 'II End']);
  });

  it('keeps notes, comments, changes, raised text, boxes, formulas, pictures and headers, and tells them', async () => {
    const automaticStyles =
      '<style:style style:name="T1" style:family="text"><style:text-properties style:text-position="super 58%"/></style:style><style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>';
    const styles =
      '<office:master-styles><style:master-page style:name="S"><style:header><text:p>Draft</text:p></style:header><style:footer><text:p>Page <text:page-number>3</text:page-number></text:p></style:footer></style:master-page></office:master-styles>';
    const body = `<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>
      <text:p>Five m<text:span text:style-name="T1">3</text:span><text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>By law.</text:p></text:note-body></text:note><text:s text:c="2"/>of<text:change text:change-id="c"/> oil<office:annotation><dc:creator>Ruth</dc:creator><text:p>Sure?</text:p></office:annotation>.<text:span text:style-name="H">secret</text:span></text:p>
      <text:p>${frame('<draw:text-box><text:p>In a box</text:p></draw:text-box>')}${frame('<draw:object xlink:href="./Object 1"/><draw:image/>')}${frame('<draw:image/><svg:desc>A lamp</svg:desc>')}${frame('<draw:image/>')}</text:p>
      <table:table><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>Both</text:p></table:table-cell><table:covered-table-cell/></table:table-row><table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row><table:table-row><table:covered-table-cell/><table:table-cell><text:p>c</text:p></table:table-cell></table:table-row></table:table>`;
    const formula = odfObject(
      'Object 1',
      '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mi>x</mi><annotation encoding="StarMath 5.0">x^2 over 3</annotation></semantics></math>',
    );
    const document = await parse(
      write('b.odt', odfBytes({ kind: 'text', body, automaticStyles, styles, parts: [formula] })),
    );
    expect(document.text).toBe(
      [
        '[Header: Draft]',
        'Five m³[1]  of oil [Comment by Ruth: Sure?].',
        '[1] By law.',
        '$x^2 over 3$[A lamp]',
        'In a box',
        '| Both | Both |\n| a | b |\n| a | c |',
        '[Footer: Page 3]',
      ].join('\n\n'),
    );
    expect(document.notes.map(({ kind, count }) => [kind, count])).toEqual([
      ['tracked-changes', 1],
      ['comments', 1],
      ['hidden-text', 1],
      ['equations', 1],
      ['pictures', 1],
    ]);
  });

  it('reads flat files, and tells an encrypted one and a drawing', async () => {
    const flat = await parse(
      write('c.fodt', flatOdf({ kind: 'text', body: '<text:p>Flat <text:a>text</text:a></text:p>' })),
    );
    expect([flat.format, flat.text]).toEqual(['odt', 'Flat text']);
    const secret = odfBytes({
      kind: 'text',
      body: '',
      parts: [
        {
          name: 'META-INF/manifest.xml',
          content: '<manifest:manifest><manifest:encryption-data/></manifest:manifest>',
        },
      ],
    });
    await failure(parse(write('d.odt', secret)), 'DOC_PROTECTED');
    const drawing = zipBytes([
      { name: 'mimetype', content: 'application/vnd.oasis.opendocument.graphics', stored: true },
      { name: 'content.xml', content: '<x/>' },
    ]);
    expect((await failure(parse(write('e.odg', drawing)), 'DOC_FORMAT')).message).toContain('drawing');
    const deep = '<text:section>'.repeat(5000);
    await failure(parse(write('f.odt', odfBytes({ kind: 'text', body: deep }))), 'DOC_FORMAT');
  });
});

describe('extract-odp', () => {
  it('reads slides with titles, notes and comments, and names hidden ones', async () => {
    const shape = (role: string, text: string): string =>
      `<draw:frame presentation:class="${role}"><draw:text-box><text:p>${text}</text:p></draw:text-box></draw:frame>`;
    const automaticStyles =
      '<style:style style:name="dp" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>';
    const styles =
      '<office:master-styles><style:master-page style:name="M"><draw:frame><draw:text-box><text:p>Dock Office</text:p></draw:text-box></draw:frame><draw:frame presentation:class="title"><draw:text-box><text:p>Click to edit</text:p></draw:text-box></draw:frame></style:master-page></office:master-styles>';
    const body = `<presentation:footer-decl presentation:name="f1">Draft</presentation:footer-decl><draw:page draw:name="p1" draw:master-page-name="M" presentation:use-footer-name="f1">${shape('title', 'The Lamp')}${shape('outline', 'Oil')}${shape('footer', 'Confidential')}<draw:g><draw:custom-shape><text:p>In a group</text:p></draw:custom-shape></draw:g><office:annotation><dc:creator>Ada</dc:creator><text:p>Why?</text:p></office:annotation><presentation:notes>${shape('notes', 'Slowly.')}</presentation:notes></draw:page>
      <draw:page draw:name="p2" draw:style-name="dp" draw:master-page-name="M" presentation:use-footer-name="f1">${shape('outline', 'Second')}${shape('footer', 'Confidential')}${shape('page-number', '2')}</draw:page>`;
    const document = await parse(write('a.odp', odfBytes({ kind: 'presentation', body, automaticStyles, styles })));
    expect(document.format).toBe('odp');
    expect(document.text).toBe(
      '# The Lamp\n\nOil\n\nIn a group\n\n[Comment by Ada: Why?]\n\nNotes: Slowly.\n\nConfidential\n\nDraft\n\nDock Office\n\nSecond',
    );
    expect(document.pages.map(({ label }) => label)).toEqual(['1: The Lamp', '2']);
    expect(document.notes.map(({ kind }) => kind)).toEqual(['comments', 'hidden-slides']);
  });
});

describe('extract-ods', () => {
  it('shows a stored value for which the file has no text', async () => {
    const value = (type: string, more: string): string => `<table:table-cell office:value-type="${type}" ${more}/>`;
    const cells =
      value('float', 'office:value="3.14"') +
      value('percentage', 'office:value="0.125"') +
      value('currency', 'office:value="9.5" office:currency="EUR"') +
      value('date', 'office:date-value="2024-05-06"') +
      value('time', 'office:time-value="PT08H30M00S"') +
      value('boolean', 'office:boolean-value="true"') +
      value('string', 'office:string-value="oil"');
    const body = `<table:table table:name="S"><table:table-row>${cells}</table:table-row></table:table>`;
    const { text } = await parse(write('values.ods', odfBytes({ kind: 'spreadsheet', body })));
    expect(text).toContain('| 3.14 | 12.5% | 9.5 EUR | 2024-05-06 | 08:30:00 | TRUE | oil |');
  });

  it('reads values as shown, repeated and merged cells, comments, hidden sheets, formulas without a value', async () => {
    const cell = (text: string, more = ''): string =>
      `<table:table-cell ${more}>${text === '' ? '' : `<text:p>${text}</text:p>`}</table:table-cell>`;
    const row = (cells: string, more = ''): string => `<table:table-row ${more}>${cells}</table:table-row>`;
    const automaticStyles =
      '<style:style style:name="ta" style:family="table"><style:table-properties table:display="false"/></style:style>';
    const body = `<table:table table:name="Oil">${row(`${cell('Month')}${cell('Price')}${cell('', 'table:number-columns-repeated="16380"')}`)}
      ${row(`${cell('May')}${cell('1.234,50 €', 'office:value-type="currency" office:value="1234.5"')}`, 'table:number-rows-repeated="2"')}
      ${row(`${cell('Both', 'table:number-columns-spanned="2" table:number-rows-spanned="2"')}<table:covered-table-cell/>`)}
      ${row('<table:covered-table-cell table:number-columns-repeated="2"/>', 'table:visibility="filter"')}
      ${row(`${cell('', 'table:formula="of:=[.B2]*2"')}<table:table-cell><office:annotation><text:p>Check</text:p></office:annotation><text:p>7</text:p></table:table-cell>`)}
      ${row(cell('', 'table:number-columns-repeated="16384"'), 'table:number-rows-repeated="1048000"')}</table:table>
      <table:table table:name="Unseen" table:style-name="ta">${row(cell('9'))}</table:table>`;
    const document = await parse(write('a.ods', odfBytes({ kind: 'spreadsheet', body, automaticStyles })));
    expect(document.format).toBe('ods');
    expect(document.text).toBe(
      '# Oil\n\n| Month | Price |\n| May | 1.234,50 € |\n| May | 1.234,50 € |\n| Both | Both |\n| Both | Both |\n| =[.B2]*2 | [Comment: Check] 7 |\n\n# Unseen\n\n| 9 |',
    );
    expect(document.notes.map(({ kind, count }) => [kind, count])).toEqual([
      ['sheets', 2],
      ['hidden-sheets', 1],
      ['hidden-rows', 1],
      ['formulas-without-value', 1],
      ['comments', 1],
    ]);
  });

  it('ends a sheet that claims to be endless', async () => {
    const cells = '<table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell>';
    const body = `<table:table table:name="a"><table:table-row table:number-rows-repeated="999999999">${cells}</table:table-row></table:table>`;
    const bytes = odfBytes({ kind: 'spreadsheet', body });
    await failure(parse(write('endless.ods', bytes), { limits: { maxTextBytes: 1_000_000 } }), 'DOC_TOO_LARGE');
  });
});
