import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { pageText } from './parsing.ts';

const samplePath = (name: string): string => fileURLToPath(new URL(`../../../assets/samples/${name}`, import.meta.url));

interface Fact {
  question: string;
  answer: string; // lower case
  page?: number; // of report.pdf, from 1
}

const facts = JSON.parse(readFileSync(samplePath('facts.json'), 'utf8')) as Fact[];

vi.setConfig({ testTimeout: 30_000 }); // parsing starts a child process
const fromPdf = parseDocument(samplePath('report.pdf'));

describe('the sample report', () => {
  it('has forty different facts, spread over the text in their order', () => {
    const text = readFileSync(samplePath('report.md'), 'utf8').toLowerCase();
    let from = 0;
    const places = facts.map(({ answer }) => {
      from = text.indexOf(answer, from);
      return from;
    });
    expect(places).not.toContain(-1);
    expect(new Set(facts.map(({ answer }) => answer)).size).toBe(40);
    expect(new Set(facts.map(({ question }) => question)).size).toBe(40);
    const gaps = places.map((place, i) => place - (places[i - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(text.length / 15);
    for (const { question, answer } of facts) {
      expect(question).toMatch(/^[A-Z].*\?$/);
      expect(question.toLowerCase()).not.toContain(answer);
    }
  });

  it('comes out of the PDF whole, each fact on its page', async () => {
    const document = await fromPdf;
    expect(document.title).toBe('The Skerrin Lights and Weather Trust: annual report 2023');
    expect(document.notes).toEqual([]);
    expect(document.pages.map(({ label }) => label)).toEqual(
      Array.from({ length: document.pages.length }, (_, i) => `${i + 1}`),
    );
    for (const { answer, page } of facts) {
      expect(pageText(document, document.pages[(page ?? 0) - 1]).toLowerCase(), answer).toContain(answer);
    }
  });

  it('reads the same from Markdown and PDF', async () => {
    const words = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
    const pdf = await fromPdf;
    const markdown = await parseDocument(samplePath('report.md'));
    // The page number at the end of each page is removed.
    const pages = pdf.pages.map((page) => pageText(pdf, page).replace(/\s\d+$/, ''));
    // pdfkit writes a table cell over two lines row by row, so the words of one row change places.
    expect(words(pages.join(' ')).split(' ').sort()).toEqual(words(markdown.text).split(' ').sort());
  });
});
