/** A process that reads files from strangers reaches no network, whatever a library or a file asks for. */
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PartialParseChoice } from '../../../electron/contract/documents.ts';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { documentHostOptions, type StartHost } from '../../../electron/document-host/start-document-host.ts';
import { forkHost } from '../../../electron/hosts/fork-host.ts';
import { flatOdf } from '../../fixtures/documents/office-inputs.ts';
import { scannedPdf } from '../../fixtures/documents/pdf-inputs.ts';
import { at, onePagePdf, streamObject } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { docxParts, epubParts, linkedPictureXml, paragraphXml, zipBytes } from '../../fixtures/documents/zip-inputs.ts';

const write = temporaryFiles();
// Each host starts node, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
const builtHost = (name: string) => fileURLToPath(new URL(`../../../out/main/${name}.js`, import.meta.url));
const probe = pathToFileURL(fileURLToPath(new URL('../../fixtures/network-probe.mjs', import.meta.url))).href;

let reached = 0;
const server = createServer((socket) => {
  reached++;
  socket.on('error', () => {});
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nread');
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
beforeEach(() => {
  reached = 0;
});
afterAll(() => void server.close());

interface Attempt {
  isMainThread: boolean;
  name: string;
  result: string;
}
const tried = (file: string): Attempt[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Attempt)
    : [];

/** Waits until everything was tried there, and expects all of it to be refused. */
async function refused(file: string, isMainThread: boolean): Promise<void> {
  const there = () => tried(file).filter((line) => line.isMainThread === isMainThread);
  await expect.poll(() => there().some(({ name }) => name === 'all')).toBe(true);
  const ways = there().filter(({ name }) => name !== 'all');
  expect(ways.length).toBeGreaterThan(14);
  expect(ways.filter(({ result }) => result !== 'ERR_ACCESS_DENIED')).toEqual([]);
  expect(reached).toBe(0);
}

describe.skipIf(process.platform === 'win32')('no way that node has leads to a network', () => {
  it.each(['document-host', 'engine-host', 'lab-host'])('from the %s', async (name) => {
    const file = write(`${name}.probe`, '');
    const env = { ...process.env, PROBE_FILE: file, PROBE_PORT: String(port) };
    const host = forkHost(builtHost(name), { execArgv: ['--import', probe], env });
    try {
      await new Promise((resolve) => host.onMessage(resolve)); // the host is ready
      process.kill(host.pid ?? 0, 'SIGUSR2');
      await refused(file, true);
    } finally {
      host.kill();
    }
  });

  it('from a thread of text recognition, which works', async () => {
    const file = write('thread.probe', '');
    const startHost: StartHost = (limits) => {
      const { execArgv = [], env } = documentHostOptions(limits);
      const more = { PROBE_FILE: file, PROBE_PORT: String(port) };
      return forkHost(builtHost('document-host'), {
        execArgv: [...execArgv, '--import', probe],
        env: { ...env, ...more },
      });
    };
    const choice: PartialParseChoice = { recognise: 'pages-without-text' };
    const parsing = parseDocument(write('scan.pdf', await scannedPdf(1)), { startHost, choice }).catch(
      (error: Error) => error,
    );
    await refused(file, false);
    expect(await parsing).toMatchObject({ code: 'DOC_NO_TEXT' });
  });
});

describe('a file that names an address', () => {
  const files: Record<string, (address: string) => string | Uint8Array | Promise<Uint8Array>> = {
    'page.html': (address) =>
      `<html><head><base href="${address}/"><link rel="stylesheet" href="${address}/a.css"><link rel="import preload prefetch" href="${address}/a"><style>@import url("${address}/b.css"); p{background:url(${address}/c.png)}</style><script src="${address}/a.js"></script><script>fetch('${address}/d'); new Image().src='${address}/e'</script><meta http-equiv="refresh" content="0;url=${address}/f"></head><body onload="fetch('${address}/g')"><p>INSIDE the page, which says something.</p><img src="${address}/h.png" srcset="${address}/i.png 2x"><iframe src="${address}/j"></iframe><object data="${address}/k"></object><embed src="${address}/l"><video src="${address}/m" autoplay></video></body></html>`,
    'text.md': (address) =>
      `# INSIDE\n\n![p](${address}/a.png) <img src="${address}/b.png"> <script src="${address}/c.js"></script>\n`,
    'mail.eml': (address) =>
      `From: a@b.example\r\nTo: c@d.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>INSIDE</p><img src="${address}/a.png">\r\n--b\r\nContent-Type: message/external-body; access-type=URL; URL="${address}/b"\r\n\r\n\r\n--b--\r\n`,
    'text.rtf': (address) =>
      `{\\rtf1 INSIDE {\\field{\\*\\fldinst INCLUDEPICTURE "${address}/a.png"}{\\fldrslt x}}{\\*\\template ${address}/b.dot}}`,
    'book.ipynb': (address) =>
      JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ cell_type: 'markdown', metadata: {}, source: [`INSIDE ![p](${address}/a.png)`] }] }), // biome-ignore format: one line
    'text.fodt': (address) =>
      flatOdf({ kind: 'text', body: `<text:p>INSIDE<draw:frame><draw:image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="${address}/a.png"/></draw:frame></text:p>` }), // biome-ignore format: one line
    'text.docx': (address) =>
      zipBytes(docxParts(paragraphXml('INSIDE') + linkedPictureXml('rId1'), { rId1: `${address}/a.png` })),
    'entity.docx': (address) =>
      zipBytes(docxParts(paragraphXml('INSIDE'), {}, `<!DOCTYPE d SYSTEM "${address}/a.dtd">`)),
    'book.epub': (address) =>
      zipBytes(epubParts([{ file: 'a.xhtml', titles: ['A'], xhtml: `<html xmlns="http://www.w3.org/1999/xhtml"><head><link rel="stylesheet" href="${address}/a.css"/></head><body><p>INSIDE</p><img src="${address}/b.png"/></body></html>` }])), // biome-ignore format: one line
    'link.pdf': (address) =>
      onePagePdf(at(60, 700, 'INSIDE'), {
        catalog: `/OpenAction<</S/URI/URI(${address}/a)>>/AcroForm<</XFA 7 0 R/Fields[]>>/URI<</Base(${address}/)>>`,
        page: `/AA<</O<</S/SubmitForm/F<</FS/URL/F(${address}/b)>>>>>>/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/GoToR/F<</FS/URL/F(${address}/c)>>>>>>]`,
        resources: '/XObject<</X 6 0 R>>',
        objects: [
          streamObject('', `/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray/F<</FS/URL/F(${address}/d.png)>>`), // biome-ignore format: one line
          streamObject(`<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><!DOCTYPE x SYSTEM "${address}/e.dtd"><template><image href="${address}/f.png"/></template></xdp:xdp>`), // biome-ignore format: one line
        ],
      }),
  };

  it.each(Object.keys(files))('has nothing fetched: %s', async (name) => {
    const content = await files[name]?.(`http://127.0.0.1:${port}`);
    const parsed = await parseDocument(write(name, content ?? '')).catch((error: Error) => error);
    // A file with its own document type declaration is refused as a whole.
    if (parsed instanceof Error) expect(parsed).toMatchObject({ code: 'DOC_FORMAT' });
    else expect(parsed.text).toContain('INSIDE');
    expect(reached).toBe(0);
  });
});
