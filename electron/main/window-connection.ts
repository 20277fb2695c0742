/** The one port that the window has to the app host: closed when the frame that got it stops being the window. */
import type { MessagePortMain, WebContents, WebFrameMain } from 'electron';
import { shellEvents } from '../contract/shell.ts';
import { isAppFrame } from './origin.ts';

export class WindowConnection {
  #close: (() => void) | undefined;

  /** A page that is gone or another one: its port is of nobody's. */
  follow(contents: WebContents): void {
    contents.on('render-process-gone', () => this.end());
    contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.end();
    });
  }

  /** `close`: of the app host's end; `port`: the window's. */
  replace(frame: WebFrameMain, close: () => void, port: MessagePortMain): void {
    this.end();
    this.#close = close;
    // It may have gone while the app host was asked.
    if (isAppFrame(frame)) frame.postMessage(shellEvents.port, null, [port]);
    else this.end();
  }

  end(): void {
    this.#close?.();
    this.#close = undefined;
  }
}
