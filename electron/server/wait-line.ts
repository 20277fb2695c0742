/** Writes to a terminal what start-up waits for: each sentence once, and how far it is behind it where that is known. */
import type { StartWait } from '../contract/shell.ts';

/** Into a file or a pipe, where a line cannot be written anew, the percentage comes at every tenth. */
export function waitLine(out: { isTTY?: boolean; write(text: string): unknown }): (wait: StartWait) => void {
  let written = '';
  let tenth = 0;
  return ({ sentence, percent }) => {
    if (sentence !== written) {
      out.write(`${sentence}\n`);
      written = sentence;
      tenth = 0;
    }
    if (percent === null) return;
    if (out.isTTY) {
      out.write(`\r${percent} %${percent === 100 ? '\n' : ''}`);
    } else if (Math.floor(percent / 10) > tenth) {
      tenth = Math.floor(percent / 10);
      out.write(`${percent} %\n`);
    }
  };
}
