/** What a PDF has beside its text: form fields, comments, highlights, attachments. */
import { describe, expect, it } from 'vitest';
import { at, onePagePdf, streamObject } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
let files = 0;

/** A PDF with `annotations` as objects from number 6 on; widgets among them are the form's fields. */
async function annotated(content: string, annotations: readonly string[], { form = '', catalog = '' } = {}) {
  const references = annotations.map((_each, i) => `${6 + i} 0 R`);
  const fields = references.filter((_each, i) => annotations[i]?.includes('/Widget'));
  const bytes = onePagePdf(content, {
    page: `/Annots[${references.join(' ')}]`,
    catalog: `${fields.length > 0 ? `/AcroForm<</Fields[${fields.join(' ')}]/DR<</Font<</F1 5 0 R>>>>${form}>>` : ''}${catalog}`,
    objects: annotations,
  });
  return parse(write(`annotated-${files++}.pdf`, bytes));
}

const widget = (entries: string, rect: string): string =>
  `<</Type/Annot/Subtype/Widget/P 3 0 R/DA(/F1 12 Tf 0 g)/Rect[${rect}]${entries}>>`;
const note = (subtype: string, entries: string, rect: string): string =>
  `<</Type/Annot/Subtype/${subtype}/P 3 0 R/Rect[${rect}]${entries}>>`;

describe('form fields', () => {
  it('without a value are counted; a box that is not ticked is read', async () => {
    const { text, notes } = await annotated(at(60, 704, 'Surname:') + at(60, 664, 'Paid:'), [
      widget('/FT/Tx/T(surname)', '150 700 300 720'),
      widget('/FT/Ch/T(country)/Ff 131072/Opt[(Norway)(Sweden)]', '150 580 300 600'),
      widget('/FT/Btn/T(paid)/AS/Off', '150 660 170 680'),
    ]);
    expect(text.replaceAll('\t', ' ')).toBe('Surname:\nPaid: [ ]');
    expect(notes).toMatchObject([{ kind: 'unfilled-fields', count: 2, page: 1 }]);
  });

  it('stand with their values beside their labels, drawn or not', async () => {
    const { text, notes } = await annotated(
      at(60, 704, 'Surname:') +
        at(60, 664, 'Married:') +
        at(60, 624, 'Class:') +
        at(60, 584, 'Country:') +
        at(60, 544, 'Remarks:'),
      [
        widget('/FT/Tx/T(surname)/V(ZANZIBAR)', '150 700 300 720'),
        widget('/FT/Btn/T(married)/V/Yes/AS/Yes', '150 660 170 680'),
        widget('/FT/Btn/T(class)/Ff 32768/AS/Off', '150 620 170 640'),
        widget('/FT/Ch/T(country)/Ff 131072/V(NL)/Opt[[(DE)(Germany)][(NL)(Netherlands)]]', '150 580 300 600'),
        widget('/FT/Tx/T(remarks)/Ff 4096/V(First line\\rSecond line)', '150 500 400 560'),
        widget('/FT/Tx/T(secret)/Ff 8192/V(PASSWORD1)', '60 400 300 420'),
        widget('/FT/Tx/T(hidden)/F 2/V(INVISIBLE)', '60 360 300 380'),
      ],
      { form: '/NeedAppearances true' },
    );
    expect(text.replaceAll('\t', ' ').split(/\n+/)).toEqual([
      'Surname: ZANZIBAR',
      'Married: [x]',
      'Class: ( )',
      'Country: Netherlands',
      'Remarks: First line',
      'Second line',
    ]);
    expect(notes).toMatchObject([{ kind: 'form-fields', count: 4, page: 1 }]);
  });

  it('count even when the form does not list them', async () => {
    const bytes = onePagePdf(at(60, 704, 'Name:'), {
      page: '/Annots[6 0 R]',
      catalog: '/AcroForm<</Fields[]>>',
      objects: [widget('/FT/Tx/T(name)/V(Orla Finn)', '150 700 300 720')],
    });
    expect((await parse(write('unlisted.pdf', bytes))).text.replace(/\s+/g, ' ')).toBe('Name: Orla Finn');
  });
});

describe('comments', () => {
  it('follow the paragraph at which they stand', async () => {
    const { text, notes } = await annotated(
      at(60, 700, 'The term is 12 months and it') +
        at(60, 686, 'ends in the spring.') +
        at(60, 600, 'Another paragraph.'),
      [
        note('Text', '/Contents(change to\\r24 months)/T(Ann Lee)', '250 690 270 710'),
        note('Popup', '/Contents(change to 24 months)', '300 690 400 710'),
        note('Text', '/Contents(hidden)/F 2', '250 690 270 710'),
      ],
    );
    expect(text.split(/\n+/)).toEqual([
      'The term is 12 months and it ends in the spring.',
      '[Comment by Ann Lee: change to 24 months]',
      'Another paragraph.',
    ]);
    expect(notes).toMatchObject([{ kind: 'comments', count: 1, page: 1 }]);
  });

  it('quote the words that are highlighted or struck out', async () => {
    const quad = (left: number, right: number): string =>
      `/QuadPoints[${left} 712 ${right} 712 ${left} 697 ${right} 697]`;
    const { text, notes } = await annotated(at(60, 700, 'The fee is 900 euros a year.'), [
      note('Highlight', `${quad(118, 176)}/Contents(too much)`, '118 697 176 712'),
      note('StrikeOut', `${quad(174, 216)}/T(Bo)`, '174 697 216 712'),
    ]);
    expect(text.split(/\n+/)).toEqual([
      'The fee is 900 euros a year.',
      '[Highlighted: “900 euros”; comment: too much]',
      '[Struck out by Bo: “a year.”]',
    ]);
    expect(notes).toMatchObject([{ kind: 'highlights', count: 2, page: 1 }]);
  });

  it('that are typed over the page are text of the page, stamps are named', async () => {
    const drawing = streamObject(
      'BT /F1 12 Tf 2 2 Td (APPROVED 7) Tj ET',
      '/Type/XObject/Subtype/Form/BBox[0 0 90 20]/Resources<</Font<</F1 5 0 R>>>>',
    );
    const bytes = onePagePdf(at(60, 704, 'Date:'), {
      page: '/Annots[6 0 R 7 0 R]',
      objects: [
        note('FreeText', '/Contents(4 May 2024)/DA(/F1 12 Tf)', '100 700 200 720'),
        note('Stamp', '/AP<</N 8 0 R>>', '300 500 390 520'),
        drawing,
      ],
    });
    const { text } = await parse(write('typed.pdf', bytes));
    expect(text.split(/\n+/)).toEqual(['Date:\u00204 May 2024', '[Stamp: APPROVED 7]']);
  });
});

describe('attachments', () => {
  it('are named, those of the file and those of a page', async () => {
    const bytes = onePagePdf(at(60, 700, 'Cover letter'), {
      page: '/Annots[8 0 R]',
      catalog: '/Names<</EmbeddedFiles<</Names[(terms.txt) 6 0 R]>>>>',
      objects: [
        '<</Type/Filespec/F(terms.txt)/EF<</F 7 0 R>>>>',
        streamObject('Penalty is 5000 EUR/day.', '/Type/EmbeddedFile'),
        note('FileAttachment', '/FS<</Type/Filespec/F(plan.dwg)/EF<</F 7 0 R>>>>', '200 700 210 710'),
      ],
    });
    const { text, notes } = await parse(write('attached.pdf', bytes));
    expect(text).toBe('Cover letter');
    expect(notes).toMatchObject([{ kind: 'attachments', count: 2, names: ['plan.dwg', 'terms.txt'] }]);
    expect(notes[0]?.sentence).toContain('plan.dwg, terms.txt');
  });
});

describe('layers', () => {
  const layered = (state: string): Buffer =>
    onePagePdf(
      `/OC /L1 BDC ${at(60, 700, 'For the client.')}EMC\n/OC /L2 BDC ${at(60, 660, 'FOR THE PRINTER')}EMC\n${at(60, 620, 'On no layer.')}`,
      {
        catalog: `/OCProperties<</OCGs[6 0 R 7 0 R]/D<<${state}>>>>`,
        resources: '/Properties<</L1 6 0 R/L2 7 0 R>>',
        objects: ['<</Type/OCG/Name(Client)>>', '<</Type/OCG/Name<FEFF0050007200FC0066>>>'],
      },
    );

  it.each(['/OFF[7 0 R]', '/BaseState/OFF/ON[6 0 R]'])(
    'that are switched off are left out and named: %s',
    async (state) => {
      const { text, notes } = await parse(write(`layers-${files++}.pdf`, layered(state)));
      expect(text.split(/\s+/).join(' ')).toBe('For the client. On no layer.');
      expect(notes).toMatchObject([{ kind: 'hidden-layers', count: 1, names: ['Prüf'] }]);
    },
  );

  it('that are on are read', async () => {
    const { text, notes } = await parse(write(`layers-${files++}.pdf`, layered('/OFF[]')));
    expect(text.split(/\s+/).join(' ')).toBe('For the client. FOR THE PRINTER On no layer.');
    expect(notes).toEqual([]);
  });
});
