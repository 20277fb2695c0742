/** What Markdown has become, as far as this window changes it: hast, without its names for everything else. */
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
