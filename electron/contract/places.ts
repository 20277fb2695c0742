/** The name of a place in a document: pages by number, as readers cite them; slides, sheets and sections by name. */
export function placeName({ label, page }: { label: string; page: number }): string {
  if (label === '') return `p. ${page + 1}`;
  return /^[\dA-Z]*[-.]?\d+$|^[ivxlc]+$/.test(label) ? `p. ${label}` : `§ ${label}`;
}
