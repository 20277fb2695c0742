import { describe, expect, it } from 'vitest';
import { allowedHosts } from '../../../electron/server/gates.ts';
import { type ServeOptions, serveOptions, windowAddress } from '../../../electron/server/serve-options.ts';

const options = (...args: string[]) => serveOptions(args) as ServeOptions;

describe('the command line of serve', () => {
  it.each([
    [['--port', 'abc'], '--port is a whole number from 0 to 65535, not "abc".'],
    [['--port', '70000'], '--port is a whole number from 0 to 65535, not "70000".'],
    [['--threads', '1.5'], '--threads is a whole number from 0 to 256, not "1.5".'],
    [['--host', '0.0.0.0'], 'Off loopback the window needs its name'],
    [['--prot', '1'], "Unknown option '--prot'"],
  ])('%j gets a sentence', (args, sentence) => {
    expect(serveOptions(args)).toEqual({ wrong: expect.stringContaining(sentence) });
  });

  it('opens the window at the address it listens on, which then is an allowed host', () => {
    for (const [args, link] of [
      [['--host', '::1'], 'http://[::1]:4680/'],
      [['--host', '[::1]'], 'http://[::1]:4680/'],
      [['--host', 'localhost'], 'http://localhost:4680/'],
      [['--host', '0.0.0.0', '--allow-host', 'box.lan'], 'http://box.lan:4680/'],
      [['--port', '80'], 'http://127.0.0.1:80/'],
    ] as const) {
      const chosen = options(...args);
      const address = windowAddress(chosen, chosen.port);
      expect(address).toBe(link);
      // As a browser writes the Host: the usual port is left out.
      expect(allowedHosts(chosen.port, chosen.allowHosts)).toContain(new URL(address).host);
    }
  });
});
