import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, parse } from './parsing.ts';

const write = temporaryFiles();
const lines = (...all: string[]): string => all.join('\r\n');

describe('extract-eml', () => {
  it('reads header fields, quoted-printable text and its charset', async () => {
    const path = write(
      'a.eml',
      lines(
        'From: =?utf-8?Q?Ad=C3=A4_Lark?= <ada@example.org>',
        'To: Team: Ruan <ruan@example.org>, k@example.org;',
        'Subject: =?iso-8859-1?B?TGV1Y2h0dHVybSBL9mxu?=',
        'Date: Tue, 3 Mar 2020 09:00:00 +0100',
        'Content-Type: text/plain; charset=iso-8859-15',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'The lamp costs 30 =A4 and was lit at du=',
        'sk.',
      ),
    );
    const document = await parse(path);
    expect(document.format).toBe('eml');
    expect(document.title).toBe('Leuchtturm Köln');
    expect(document.text).toBe(
      [
        'From: Adä Lark <ada@example.org>',
        'To: Team: Ruan <ruan@example.org>, k@example.org',
        'Date: Tue, 3 Mar 2020 09:00:00 +0100',
        'Subject: Leuchtturm Köln',
        '',
        'The lamp costs 30 € and was lit at dusk.',
      ].join('\n'),
    );
  });

  it('takes the HTML part where the text part only points to it, and names attachments', async () => {
    const html = `<h1>Order</h1><table><tr><th>Part</th><th>Price</th></tr><tr><td>Wick</td><td>3</td></tr></table><p>${'Paid at once. '.repeat(9)}</p>`;
    const path = write(
      'b.eml',
      lines(
        'From: shop@example.org',
        'Subject: Order',
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=m',
        '',
        '--m',
        'Content-Type: multipart/alternative; boundary=a',
        '',
        '--a',
        'Content-Type: text/plain',
        '',
        'Please view as HTML.',
        '--a',
        'Content-Type: text/html; charset=utf-8',
        'Content-Transfer-Encoding: base64',
        '',
        Buffer.from(html).toString('base64'),
        '--a--',
        '--m',
        'Content-Type: application/pdf; name="terms.pdf"',
        'Content-Disposition: attachment; filename="terms.pdf"',
        'Content-Transfer-Encoding: base64',
        '',
        'JVBERi0=',
        '--m--',
      ),
    );
    const document = await parse(path);
    expect(document.text).toContain('Attachments: terms.pdf');
    expect(document.text).toContain('| Wick | 3 |');
    expect(document.text).not.toContain('Please view');
    expect(document.notes).toMatchObject([{ kind: 'attachments', count: 1, names: ['terms.pdf'] }]);
  });

  it('reads a message without an extension, attached messages too, and tells an encrypted one', async () => {
    const inner = lines('From: old@example.org', 'Subject: Before', '', 'The oil was delivered in March.');
    const path = write(
      'message',
      lines(
        'Received: from a by b',
        'From: new@example.org',
        'Subject: Fwd',
        'Content-Type: multipart/mixed; boundary=x',
        '',
        '--x',
        'Content-Type: text/plain',
        '',
        'See below.',
        '--x',
        'Content-Type: message/rfc822',
        '',
        inner,
        '--x--',
      ),
    );
    const document = await parse(path);
    expect(document.format).toBe('eml');
    expect(document.text).toContain('See below.');
    expect(document.text).toContain('The oil was delivered in March.');
    const encrypted = lines(
      'From: a@example.org',
      'Subject: s',
      'Content-Type: application/pkcs7-mime; name=smime.p7m',
      'Content-Transfer-Encoding: base64',
      '',
      'AAAA',
    );
    await failure(parse(write('secret.eml', encrypted)), 'DOC_PROTECTED');
  });

  it('takes the HTML part where the text part leaves a table out, with what it hides, and counts broken characters', async () => {
    const rows = ['Wick 12', 'Glass 7', 'Oil 30'].map((row) => `<tr><td>${row.replace(' ', '</td><td>')}</td></tr>`);
    const path = write(
      'h.eml',
      lines(
        'From: shop@example.org',
        'Subject: Order',
        'Content-Type: multipart/alternative; boundary=a',
        '',
        '--a',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: base64',
        '',
        Buffer.from('Thank you for the order, it is on its way to you.').toString('base64'),
        '--a',
        'Content-Type: text/html; charset=utf-8',
        'Content-Transfer-Encoding: base64',
        '',
        Buffer.from(
          `<div style="display:none">Preview</div><p>Thank you for the order, it is on its way to you. \uFFFD</p><table>${rows.join('')}</table>`,
        ).toString('base64'),
        '--a--',
      ),
    );
    const document = await parse(path);
    expect(document.text).toContain('| Glass | 7 |');
    expect(document.text).not.toContain('Preview');
    expect(document.notes.map(({ kind }) => kind).sort()).toEqual(['hidden-text', 'undecodable-characters']);
  });

  it('reads the appointment of an invitation once, and names a calendar without one', async () => {
    const calendar = lines(
      'BEGIN:VCALENDAR',
      'METHOD:REQUEST',
      'BEGIN:VTIMEZONE',
      'TZID:Europe/Oslo',
      'END:VTIMEZONE',
      'BEGIN:VEVENT',
      'ORGANIZER;CN="Lark, Ada":mailto:ada@example.org',
      'DTSTART;TZID=Europe/Oslo:20240510T140000',
      'DTEND:20240510T133000Z',
      'SUMMARY:Lamp room\\, yearly ins',
      ' pection',
      'LOCATION:Dock 4',
      'DESCRIPTION:Bring the wicks\\nand oil\\; no dogs.',
      'BEGIN:VALARM',
      'DESCRIPTION:Reminder',
      'END:VALARM',
      'END:VEVENT',
      'END:VCALENDAR',
    );
    const part = (name: string, text: string): string =>
      lines(`Content-Type: text/calendar; charset=utf-8; method=REQUEST${name}`, '', text);
    const message = (...parts: string[]): string =>
      lines(
        'From: ada@example.org',
        'Subject: Inspection',
        'Content-Type: multipart/mixed; boundary=x',
        '',
        ...['Content-Type: text/plain\r\n\r\nPlease come.', ...parts].map((each) => `--x\r\n${each}`),
        '--x--',
      );
    const invitation = await parse(write('i.eml', message(part('', calendar), part('; name=invite.ics', calendar))));
    expect(invitation.text).toBe(
      [
        'From: ada@example.org',
        'Subject: Inspection',
        'Attachments: invite.ics',
        '',
        'Please come.',
        '',
        'Appointment: Lamp room, yearly inspection',
        'Start: 2024-05-10 14:00 Europe/Oslo',
        'End: 2024-05-10 13:30 UTC',
        'Place: Dock 4',
        'Organizer: Lark, Ada <ada@example.org>',
        'Bring the wicks',
        'and oil; no dogs.',
      ].join('\n'),
    );
    expect(invitation.notes).toEqual([]);
    const cancelled = calendar
      .replace('METHOD:REQUEST', 'METHOD:CANCEL')
      .replace(/DTSTART.*/, 'DTSTART;VALUE=DATE:20240511');
    expect((await parse(write('c.eml', message(part('', cancelled))))).text).toMatch(
      /Appointment \(cancelled\): Lamp room.*\nStart: 2024-05-11\n/,
    );
    const empty = await parse(write('e.eml', message(part('', 'BEGIN:VCALENDAR\r\nEND:VCALENDAR'))));
    expect(empty.notes).toMatchObject([{ kind: 'attachments', count: 1, names: ['text/calendar'] }]);
  });

  it('ends hostile messages in a sentence', async () => {
    const deep = Array.from({ length: 400 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}`);
    await failure(parse(write('deep.eml', `From: a@b\r\nSubject: s\r\n${deep.join('\r\n')}`)), 'DOC_FORMAT');
    const long = `From: a@b\r\nSubject: ${'x'.repeat(3_000_000)}\r\n\r\ntext`;
    await failure(parse(write('long.eml', long)), 'DOC_FORMAT');
  });
});
