/** One path component on every system: no separators, control characters, reserved marks, leading or trailing dots. */
export function safeName(name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? '';
  const clean = base
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}<>:"|?*]/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  const dot = clean.lastIndexOf('.');
  const extension = dot > 0 ? withinBytes(clean.slice(dot), 48) : '';
  const stem = withinBytes(dot > 0 ? clean.slice(0, dot) : clean, maxNameBytes - Buffer.byteLength(extension));
  return `${stem || 'document'}${extension}`;
}

/** What every file system takes for one component, as UTF-8. */
const maxNameBytes = 255;

/** The longest beginning of whole characters that fits. */
function withinBytes(text: string, most: number): string {
  let bytes = 0;
  let end = 0;
  for (const char of text) {
    bytes += Buffer.byteLength(char);
    if (bytes > most) break;
    end += char.length;
  }
  return text.slice(0, end);
}
