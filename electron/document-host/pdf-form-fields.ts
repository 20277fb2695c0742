/** Values of form fields, as text at the field's place. The stored value is used, not the field's drawing from when it was last saved. */
import { appearanceText, oneSpaced, type Rect, typedRuns } from './pdf-typed-text.ts';
import type { TextRun } from './pdfium-page.ts';
import { type Pdfium, utf16Property } from './pdfium-wasm.ts';

/** FPDF_FORMFIELD_* */
const pushButton = 1;
const checkBox = 2;
const radioButton = 3;
const comboBox = 4;
const listBox = 5;
const textField = 6;
const signature = 7;

const passwordFlag = 1 << 13; // of a text field
const mostOptions = 500;

export interface FilledField {
  runs: TextRun[];
  hasValue: boolean;
  isUnfilled?: boolean; // a field for text or a choice that is empty
}

export class FormFields {
  readonly #pdfium: Pdfium;
  readonly #document: number;
  #form: number | undefined; // 0: the document has none

  constructor(pdfium: Pdfium, document: number) {
    this.#pdfium = pdfium;
    this.#document = document;
  }

  read(annotation: number, at: Rect): FilledField {
    const { api } = this.#pdfium;
    const form = this.#openForm();
    const type = form ? api.FPDFAnnot_GetFormFieldType(form, annotation) : -1;
    switch (type) {
      case checkBox:
      case radioButton: {
        const on = this.#isOn(form, annotation);
        const [open, close] = type === checkBox ? '[]' : '()';
        return { runs: typedRuns(`${open}${on ? 'x' : ' '}${close}`, at), hasValue: on };
      }
      case pushButton:
      case signature: {
        const text = appearanceText(this.#pdfium, annotation);
        return {
          runs: typedRuns(text, at),
          hasValue: type === signature && text !== '',
          isUnfilled: type === signature && text === '',
        };
      }
      case comboBox:
      case listBox: {
        const chosen = this.#chosen(form, annotation) || this.#value(form, annotation);
        return { runs: typedRuns(chosen, at), hasValue: chosen !== '', isUnfilled: chosen === '' };
      }
      case textField: {
        if ((api.FPDFAnnot_GetFormFieldFlags(form, annotation) & passwordFlag) !== 0)
          return { runs: [], hasValue: false };
        const value = this.#value(form, annotation);
        return { runs: typedRuns(value, at), hasValue: value.trim() !== '', isUnfilled: value.trim() === '' };
      }
      default:
        return this.#unlisted(annotation, at);
    }
  }

  /** For a field that the document's form does not list: its own entries are used. */
  #unlisted(annotation: number, at: Rect): FilledField {
    const type = this.#string(annotation, 'FT');
    const value = this.#string(annotation, 'V');
    if (type === 'Btn') {
      const state = this.#string(annotation, 'AS') || value;
      if (state === '') return { runs: [], hasValue: false };
      return { runs: typedRuns(state === 'Off' ? '[ ]' : '[x]', at), hasValue: state !== 'Off' };
    }
    const text = value || appearanceText(this.#pdfium, annotation);
    return { runs: typedRuns(text, at), hasValue: text !== '' };
  }

  #openForm(): number {
    if (this.#form === undefined) {
      const { api } = this.#pdfium;
      const info = api.FPDF_GetFormType(this.#document) === 0 ? 0 : api.PDFiumExt_OpenFormFillInfo();
      this.#form = info ? api.PDFiumExt_InitFormFillEnvironment(this.#document, info) : 0;
    }
    return this.#form;
  }

  #isOn(form: number, annotation: number): boolean {
    const { api } = this.#pdfium;
    if (api.FPDFAnnot_IsChecked(form, annotation)) return true;
    // Without drawings of the states PDFium does not know the name of "on": any state but "Off" counts as on.
    const state = this.#string(annotation, 'AS');
    return state !== '' && state !== 'Off';
  }

  #value(form: number, annotation: number): string {
    const { api } = this.#pdfium;
    return utf16Property(
      this.#pdfium,
      (p, bytes) => api.FPDFAnnot_GetFormFieldValue(form, annotation, p, bytes),
      100_000,
    );
  }

  /** The labels of the chosen options, because the value may be a code that the page does not show. */
  #chosen(form: number, annotation: number): string {
    const { api } = this.#pdfium;
    const n = Math.min(mostOptions, api.FPDFAnnot_GetOptionCount(form, annotation));
    const labels: string[] = [];
    for (let i = 0; i < n; i++) {
      if (!api.FPDFAnnot_IsOptionSelected(form, annotation, i)) continue;
      labels.push(
        oneSpaced(
          utf16Property(this.#pdfium, (p, bytes) => api.FPDFAnnot_GetOptionLabel(form, annotation, i, p, bytes)),
        ),
      );
    }
    return labels.filter((label) => label !== '').join(', ');
  }

  #string(annotation: number, key: string): string {
    const { api } = this.#pdfium;
    return utf16Property(this.#pdfium, (p, bytes) => api.FPDFAnnot_GetStringValue(annotation, key, p, bytes)).trim();
  }
}
