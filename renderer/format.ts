/** Numbers as people read them. */
import { count } from '../electron/contract/number-words.ts';

export { bytesText as bytes, count, plural, secondsText as seconds } from '../electron/contract/number-words.ts';

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
