/**
 * Makes a name a single path component on every system: no separators, control characters, reserved characters, leading or trailing dots.
 */
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

/** Bytes of UTF-8 that every file system allows for one component. */
const maxNameBytes = 255;

/** The longest prefix of whole characters that fits. */
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
