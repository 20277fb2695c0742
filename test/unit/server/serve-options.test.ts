import { describe, expect, it } from 'vitest';
import { allowedHosts } from '../../../electron/server/request-checks.ts';
import { inTheClear, type ServeOptions, serveOptions, windowAddress } from '../../../electron/server/serve-options.ts';

const options = (...args: string[]) => serveOptions(args) as ServeOptions;

describe('the command line of serve', () => {
  it.each([
    [['--port', 'abc'], '--port is a whole number from 0 to 65535, not "abc".'],
    [['--port', '70000'], '--port is a whole number from 0 to 65535, not "70000".'],
    [['--threads', '1.5'], '--threads is a whole number from 0 to 256, not "1.5".'],
    [['--host', '0.0.0.0'], 'Off loopback the window needs its name'],
    [['--behind-proxy'], '--behind-proxy needs the name that the proxy is reached under'],
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
      // A browser leaves the default port out of the Host header.
      expect(allowedHosts(chosen.port, chosen.allowHosts)).toMatchObject({
        http: expect.toSatisfy((names: Set<string>) => names.has(new URL(address).host)),
      });
    }
  });

  it('opens the window at the proxy’s address, which then is an allowed host over https alone', () => {
    for (const [name, link] of [
      ['box.example', 'https://box.example/'],
      ['box.example:8443', 'https://box.example:8443/'],
    ] as const) {
      const chosen = options('--behind-proxy', '--allow-host', name);
      expect(windowAddress(chosen, chosen.port)).toBe(link);
      const { http, https } = allowedHosts(chosen.port, chosen.allowHosts, true);
      expect([https.has(new URL(link).host), http.has(new URL(link).host)]).toEqual([true, false]);
    }
  });

  it('says what is in the clear off loopback, and nothing on it', () => {
    expect(inTheClear(options())).toBeUndefined();
    expect(inTheClear(options('--host', '::1'))).toBeUndefined();
    expect(inTheClear(options('--behind-proxy', '--allow-host', 'box.example'))).toBeUndefined();
    const open = ['--host', '0.0.0.0', '--allow-host', 'box.lan'];
    expect(inTheClear(options(...open))).toMatch(
      /^Documents, questions, answers and the link itself travel in the clear/,
    );
    expect(inTheClear(options(...open, '--behind-proxy'))).toMatch(/let nobody but the proxy reach it/);
  });
});
