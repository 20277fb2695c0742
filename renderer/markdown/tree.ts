/** The part of hast, the element tree that Markdown is parsed into, that this window reads and changes. */
export interface Node {
  type: string;
  tagName?: string;
  value?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
}

export const element = (tagName: string, properties: Record<string, unknown>, children: Node[]): Node => ({
  type: 'element',
  tagName,
  properties,
  children,
});

export const text = (value: string): Node => ({ type: 'text', value });
