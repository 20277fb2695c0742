/** Numbers as people read them. */
export { bytesText as bytes } from '../electron/contract/bytes-text.ts';

export const count = (n: number): string => Math.round(n).toLocaleString('en-US');

export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? '' : 's'}`;
}

export function seconds(s: number): string {
  if (s > 0 && s < 0.1) return `${Math.max(1, Math.round(s * 1000))} ms`;
  if (s < 1) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 60) return s < 10 ? `${s.toFixed(1)} s` : `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function speed(tokensPerSecond: number): string {
  return `${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : count(tokensPerSecond)} tok/s`;
}

/** Two figures: 3.4x, 28x. */
export function factor(n: number): string {
  return `${n < 10 ? n.toFixed(1) : count(n)}×`;
}

export const percent = (share: number): string => `${(share * 100).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;

/** Of a page that is a picture: that its words are a reading of it, and how sure that is. */
export const recognisedWords = ({ confidence }: { confidence: number }): string =>
  `recognised from a picture, ${Math.round(100 * confidence)} % sure`;

/** Of what is under way: 100 % only at its end, 0 % of nothing. */
export const percentDone = (done: number, total: number): string =>
  `${total > 0 ? Math.floor((done / total) * 100) : 0} %`;

/** ggml names a CPU backend by its instruction level. */
export function deviceName(device: string): string {
  const level = /^ggml-cpu-(.+)$/.exec(device)?.[1];
  return level === undefined ? device : `CPU (${level})`;
}
