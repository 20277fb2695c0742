import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();

async function read(
  content: string | Buffer,
  name = 'notes.md',
): Promise<{ text: string; title: string; notes: Record<string, number> }> {
  const { text, title, notes } = await parse(write(name, content));
  return { text, title, notes: Object.fromEntries(notes.map(({ kind, count }) => [kind, count])) };
}

describe('Markdown with more in it', () => {
  it('keeps the descriptions of pictures that are written into it', async () => {
    const data = `data:image/png;base64,${randomBytes(3000).toString('base64')}`;
    const { text } = await read(
      `![chart](${data})\n\n![a "map"](<${data}> "Map")\n\n![plan][p] and ![q] but ![kept][k]\n\n<img alt="photo" src="${data}">\n\n[p]: ${data}\n[q]: ${data}\n[k]: k.png\n`,
    );
    expect(text).toBe('[chart]\n\n[a "map"]\n\n[plan] and [q] but ![kept][k]\n\n[photo]\n\n[k]: k.png\n');
  });

  it('reads the HTML in it, and leaves code, placeholders and addresses alone', async () => {
    const { text, notes } = await read(
      `Area 10 m<sup>2</sup>, H<sub>2</sub>O; a < b, <your-name>, <https://x.org>, \`<sup>2</sup>\`.<br>Next <b>bold</b> line.\n\n<!-- a note to myself -->\n<div style="display:none">unseen</div>\n\n<table>\n<tr><td rowspan=2>North</td><td>4</td></tr>\n\n<tr><td>6</td></tr>\n</table>\n\n<details><summary>More</summary>\n\n- inside\n- **list**\n\n</details>\n\n\`\`\`html\n<div hidden><!-- code --></div>\n\`\`\`\n`,
    );
    expect(text).toBe(
      'Area 10 m², H₂O; a < b, <your-name>, <https://x.org>, `<sup>2</sup>`.\nNext bold line.\n\n\n\n\n| North | 4 |\n| North | 6 |\n\nMore\n\n- inside\n- **list**\n\n\n\n```html\n<div hidden><!-- code --></div>\n```\n',
    );
    expect(notes).toEqual({ 'hidden-text': 2 });
  });

  it('takes the title from the front matter, which stays', async () => {
    const yaml = await read('---\ntitle: "The lamp"\ndate: 2024-01-02\n---\n# Heading\n\nText.\n');
    expect(yaml.title).toBe('The lamp');
    expect(yaml.text).toContain('date: 2024-01-02');
    expect((await read('+++\ntitle = "Two"\n+++\nText.\n')).title).toBe('Two');
    expect((await read('---\nno front matter\n\n# Real\n')).title).toBe('Real');
  });

  it('a comment that is not closed hides nothing', async () => {
    expect((await read('Write <!-- to begin.\n\nAll of this stays.')).text).toContain('All of this stays.');
  });
});

describe('plain text with debris', () => {
  it('loses the colours of a terminal and letters printed twice', async () => {
    const { text } = await read('\x1b[1;31mERROR\x1b[0m disk \x1b]0;title\x07full\nN\bNA\bAM\bME\bE\n', 'log.txt');
    expect(text).toBe('ERROR disk full\nNAME\n');
  });

  it('says where encoded data was left out, and keeps genes, numbers and lines', async () => {
    const blob = randomBytes(9000).toString('base64');
    const mail = (
      randomBytes(1900)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\n');
    const gene = 'ACGTTGCA'.repeat(200);
    const hex = randomBytes(600).toString('hex');
    const line = '-'.repeat(900);
    const { text, notes } = await read(`Before ${blob} after\n\n${mail}\n\n${gene}\n${hex}\n${line}\n`, 'data.txt');
    expect(text).toBe(`Before [9 KB of encoded data] after\n\n[2 KB of encoded data]\n\n${gene}\n${hex}\n${line}\n`);
    expect(notes).toEqual({ 'encoded-data': 2 });
  });

  it('reads a file put together from two encodings line by line, and says so', async () => {
    const utf8 = 'Die Größe überrascht.\nÄpfel und Öl.\nSchöne Grüße.\n';
    const latin = 'Die Größe überrascht nicht.\nKein Äpfel, kein Öl.\n';
    const { text, notes } = await read(Buffer.concat([Buffer.from(utf8), Buffer.from(latin, 'latin1')]), 'mixed.txt');
    expect(text).toBe(utf8 + latin);
    expect(notes).toEqual({ encoding: 1 });
  });
});
