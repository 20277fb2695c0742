/**
 * Keeps this process from using the network and child processes. Hosts read files that others wrote, with libraries that could fetch
 * addresses: any such request fails, as if the machine were offline. fetch, WebSocket, HTTP and TLS go through these few methods. Each
 * thread has its own copy of them and calls this function itself. This is done in node, not by the operating system: native code that has
 * taken over the process could get around it.
 */
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** The error has the code that node's own permission model uses. */
const refusal = (what: string) => Object.assign(new Error(`This process ${what}.`), { code: 'ERR_ACCESS_DENIED' });

export function forbidNetwork(): void {
  const noNetwork = () => {
    throw refusal('has no network');
  };
  const noProcesses = () => {
    throw refusal('starts no other');
  };
  replace(net.Socket.prototype, ['connect'], function (this: net.Socket) {
    // Fails the way a connection fails, later: callers do not expect the call itself to throw, or to fail before they have added listeners.
    Object.assign(this, { connecting: true });
    setImmediate(() => this.destroy(refusal('has no network')));
    return this;
  });
  replace(net.Server.prototype, ['listen'], noNetwork);
  replace(dgram.Socket.prototype, ['bind', 'connect', 'send'], noNetwork);
  // Looking up a name already sends data to a name server.
  for (const names of [dns, dns.Resolver.prototype]) replace(names, lookups(names), noNetwork);
  for (const names of [dns.promises, dns.promises.Resolver.prototype])
    replace(names, lookups(names), async () => noNetwork());
  replace(childProcess.ChildProcess.prototype, ['spawn'], noProcesses);
  replace(childProcess, ['spawnSync', 'execSync', 'execFileSync'], noProcesses);
  syncBuiltinESMExports();
}

const lookups = (names: object) =>
  Object.getOwnPropertyNames(names).filter((name) => /^(lookup|resolve|reverse)/.test(name));

function replace(owner: object, names: readonly string[], by: (...args: never[]) => unknown): void {
  for (const name of names) Object.defineProperty(owner, name, { value: by, writable: true, configurable: true });
}
