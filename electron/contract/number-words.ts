/** Counts, sizes and durations as people read them: in the window, on a command line, in an error's sentence. */

const digits = new Intl.NumberFormat('en-US'); // made once: a document may have thousands of notes with numbers

export const count = (n: number): string => digits.format(Math.round(n));

/** "1 page", "2 pages"; `words`: the plural, where it is not the word with an s. */
export function plural(n: number, word: string, words = `${word}s`): string {
  return `${count(n)} ${n === 1 ? word : words}`;
}

/** The verb that goes with so many. */
export const are = (n: number): string => (n === 1 ? 'is' : 'are');
export const were = (n: number): string => (n === 1 ? 'was' : 'were');

/** GB means 2^30 bytes, as GPU tools mean it. */
const KiB = 1024;
const MiB = KiB * 1024;
const GiB = MiB * 1024;

export function bytesText(n: number): string {
  if (n >= 100 * GiB) return `${(n / GiB).toFixed(0)} GB`;
  // A number that would be rounded to 1,000 is given in the next unit.
  if (n >= 999.5 * MiB) return `${(n / GiB).toFixed(1)} GB`;
  if (n >= 100 * MiB) return `${(n / MiB).toFixed(0)} MB`;
  if (n >= 999.5 * KiB) return `${(n / MiB).toFixed(1)} MB`;
  return n >= KiB ? `${(n / KiB).toFixed(0)} KB` : `${Math.round(n)} B`;
}

export function secondsText(s: number): string {
  if (s > 0 && s < 0.1) return `${Math.max(1, Math.round(s * 1000))} ms`;
  if (s < 1) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 60) return s < 10 ? `${s.toFixed(1)} s` : `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
