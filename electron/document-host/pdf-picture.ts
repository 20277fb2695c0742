/** Draws a page of a PDF as a grey picture for text recognition. */
import type { Pdfium } from './pdfium-wasm.ts';
import type { Picture } from './turned-picture.ts';

const usualDpi = 300;
/** A3 at 300 dpi is 17.4 million. A larger page is drawn coarser. */
const maxPixels = 20_000_000;
const minDpi = 40; // below it no letter can be read

const greyFormat = 1; // FPDFBitmap_Gray: one byte a pixel
const flags = 0x01 | 0x08; // FPDF_ANNOT, FPDF_GRAYSCALE

/** undefined: the page cannot be drawn, or is blank. */
export function drawPage(pdfium: Pdfium, document: number, pageIndex: number, dpi = usualDpi): Picture | undefined {
  const { api } = pdfium;
  const page = api.FPDF_LoadPage(document, pageIndex);
  if (!page) return undefined;
  try {
    const inches = { width: api.FPDF_GetPageWidthF(page) / 72, height: api.FPDF_GetPageHeightF(page) / 72 };
    const scale = Math.min(dpi, Math.sqrt(maxPixels / (inches.width * inches.height)));
    const width = Math.round(inches.width * scale);
    const height = Math.round(inches.height * scale);
    if (!(scale >= minDpi) || width < 16 || height < 16) return undefined;
    return draw(pdfium, page, width, height, scale);
  } finally {
    api.FPDF_ClosePage(page);
  }
}

function draw(pdfium: Pdfium, page: number, width: number, height: number, pageDpi: number): Picture | undefined {
  const { api, memory } = pdfium;
  const stride = (width + 3) & ~3; // bytes
  const pixels = memory.wasmExports.malloc(stride * height);
  if (!pixels) return undefined;
  const bitmap = api.FPDFBitmap_CreateEx(width, height, greyFormat, pixels, stride);
  if (!bitmap) {
    memory.wasmExports.free(pixels);
    return undefined;
  }
  try {
    api.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
    api.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags);
    const header = Buffer.from(`P5\n${width} ${height}\n255\n`, 'latin1'); // PGM
    const bytes = Buffer.alloc(header.length + width * height);
    header.copy(bytes);
    for (let y = 0; y < height; y++) {
      const row = pixels + y * stride;
      bytes.set(memory.HEAPU8.subarray(row, row + width), header.length + y * width);
    }
    return isBlank(bytes.subarray(header.length)) ? undefined : { bytes, dpi: pageDpi };
  } finally {
    api.FPDFBitmap_Destroy(bitmap);
    memory.wasmExports.free(pixels);
  }
}

/** Whether all pixels have nearly the same grey, apart from a scanner's noise. */
function isBlank(pixels: Uint8Array): boolean {
  let least = 255;
  let most = 0;
  for (const pixel of pixels) {
    if (pixel < least) least = pixel;
    if (pixel > most) most = pixel;
  }
  return most - least < 24;
}
