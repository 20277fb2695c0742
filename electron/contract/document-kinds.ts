/**
 * Every kind of document that can be opened: its name for people, what one of its parts is called, and the extensions of its files. This is
 * the only list: the reader, the window's file dialog, the receipt and the package's file associations use it.
 */

interface DocumentKind {
  name: string;
  /** What a page span is called, one and many. */
  unit: readonly [one: string, many: string];
  extensions: readonly string[]; // lower case, the usual one first
}

const page = ['page', 'pages'] as const;
const section = ['section', 'sections'] as const;
const part = ['part', 'parts'] as const; // a stretch of a table's rows
const slide = ['slide', 'slides'] as const;

export const documentKinds = {
  txt: { name: 'text', unit: section, extensions: ['txt', 'text', 'log', 'rst', 'adoc', 'org', 'srt', 'vtt', 'nfo'] },
  md: { name: 'Markdown text', unit: section, extensions: ['md', 'markdown', 'mdown', 'mkd', 'mdx', 'rmd', 'qmd'] },
  html: { name: 'web page', unit: section, extensions: ['html', 'htm', 'xhtml', 'xht'] },
  pdf: { name: 'PDF', unit: page, extensions: ['pdf'] },
  docx: { name: 'Word document', unit: section, extensions: ['docx', 'docm', 'dotx', 'dotm'] },
  epub: { name: 'EPUB book', unit: section, extensions: ['epub'] },
  odt: { name: 'OpenDocument text', unit: section, extensions: ['odt', 'ott', 'fodt'] },
  rtf: { name: 'RTF document', unit: section, extensions: ['rtf'] },
  pptx: {
    name: 'PowerPoint presentation',
    unit: slide,
    extensions: ['pptx', 'pptm', 'ppsx', 'ppsm', 'potx', 'potm'],
  },
  odp: { name: 'OpenDocument presentation', unit: slide, extensions: ['odp', 'otp', 'fodp'] },
  xlsx: { name: 'Excel workbook', unit: part, extensions: ['xlsx', 'xlsm', 'xltx', 'xltm'] },
  ods: { name: 'OpenDocument spreadsheet', unit: part, extensions: ['ods', 'ots', 'fods'] },
  csv: { name: 'table as text', unit: part, extensions: ['csv', 'tsv', 'tab'] },
  eml: { name: 'e-mail', unit: ['message', 'messages'], extensions: ['eml'] },
  ipynb: { name: 'Jupyter notebook', unit: section, extensions: ['ipynb'] },
  tex: { name: 'LaTeX source', unit: section, extensions: ['tex', 'ltx', 'latex', 'bib', 'sty', 'cls'] },
  code: {
    name: 'file of source code or data',
    unit: ['file', 'files'],
    extensions: (
      'c h cc cpp cxx hh hpp hxx cu cuh m mm cs java kt kts scala groovy go rs swift zig js mjs cjs jsx ts mts cts tsx vue svelte py pyi rb ' +
      'php pl pm lua r jl hs ml mli fs fsx clj cljs ex exs erl elm dart nim pas f f90 f95 for asm s v vhd sv sh bash zsh fish ps1 bat cmd ' +
      'sql graphql proto css scss sass less json jsonl ndjson geojson xml xsl xsd svg yaml yml toml ini cfg conf properties env gradle cmake mk ' +
      'diff patch tf nix el lisp scm vb vbs sol'
    ).split(' '),
  },
  picture: { name: 'picture', unit: page, extensions: ['png', 'jpg', 'jpeg', 'webp', 'bmp', 'tif', 'tiff'] },
} as const satisfies Record<string, DocumentKind>;

export type DocumentFormat = keyof typeof documentKinds;

export const documentFormats = Object.keys(documentKinds) as [DocumentFormat, ...DocumentFormat[]];

/** Every extension that can be opened. */
export const documentExtensions: readonly string[] = Object.values(documentKinds).flatMap(
  ({ extensions }): readonly string[] => extensions,
);

/** The kind that files with this extension usually are; undefined: no kind has this extension. */
export function kindOfExtension(extension: string): DocumentFormat | undefined {
  return documentFormats.find((format) => (documentKinds[format].extensions as readonly string[]).includes(extension));
}
