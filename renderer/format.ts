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

/** Says that a page's words were recognised from a picture, and how sure the recognition is. */
export const recognisedWords = ({ confidence }: { confidence: number }): string =>
  `recognised from a picture, ${Math.round(100 * confidence)} % sure`;

/** Rounded down, so that 100 % appears only at the end; 0 % where the total is 0. */
export const percentDone = (done: number, total: number): string =>
  `${total > 0 ? Math.floor((done / total) * 100) : 0} %`;

/** ggml names a CPU backend by its instruction level. */
export function deviceName(device: string): string {
  const level = /^ggml-cpu-(.+)$/.exec(device)?.[1];
  return level === undefined ? device : `CPU (${level})`;
}
