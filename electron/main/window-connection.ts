/** The window's only port to the app host: closed when the frame that got it is not the window any more. */
import type { MessagePortMain, WebContents, WebFrameMain } from 'electron';
import { shellEvents } from '../contract/shell.ts';
import { isAppFrame } from './origin.ts';

export class WindowConnection {
  #close: (() => void) | undefined;

  /** Closes the port when the page dies or another one is loaded. */
  follow(contents: WebContents): void {
    contents.on('render-process-gone', () => this.end());
    contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.end();
    });
  }

  /** `close` closes the app host's end; `port` is the window's end. */
  replace(frame: WebFrameMain, close: () => void, port: MessagePortMain): void {
    this.end();
    this.#close = close;
    // The frame may have gone while the app host was asked.
    if (isAppFrame(frame)) frame.postMessage(shellEvents.port, null, [port]);
    else this.end();
  }

  end(): void {
    this.#close?.();
    this.#close = undefined;
  }
}
