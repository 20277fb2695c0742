/** Sizes as the window says them. GB means 2^30 bytes, as GPU tools mean it. */
const KiB = 1024;
const MiB = KiB * 1024;
const GiB = MiB * 1024;

export function bytesText(n: number): string {
  if (n >= 100 * GiB) return `${(n / GiB).toFixed(0)} GB`;
  // What would be a thousand and more is one of the next unit.
  if (n >= 999.5 * MiB) return `${(n / GiB).toFixed(1)} GB`;
  if (n >= 100 * MiB) return `${(n / MiB).toFixed(0)} MB`;
  if (n >= 999.5 * KiB) return `${(n / MiB).toFixed(1)} MB`;
  return n >= KiB ? `${(n / KiB).toFixed(0)} KB` : `${Math.round(n)} B`;
}
