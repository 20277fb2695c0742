/**
 * Two kinds of text that must not be confused: text of a chat template, in which special tokens are parsed, and text of a document, a
 * person or our own wording, in which they are not. Only this file creates values of these types.
 */
declare const trust: unique symbol;

export type TemplateText = string & { readonly [trust]: 'template' };
export type DocumentText = string & { readonly [trust]: 'document' };

export type PromptPart = { kind: 'template'; text: TemplateText } | { kind: 'document'; text: DocumentText };

/** Only for text that a model's chat template rendered with nothing of a document or question in it. */
export function templatePart(text: string): PromptPart {
  return { kind: 'template', text: text as TemplateText };
}

export function documentPart(text: string): PromptPart & { kind: 'document' } {
  return { kind: 'document', text: text as DocumentText };
}
