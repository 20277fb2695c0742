/**
 * Takes network and child processes from this process. Hosts read files that others wrote, with libraries that know addresses: whatever
 * one of them asks for ends here, as if the machine were offline. fetch, WebSocket, HTTP and TLS go through these few methods. Each
 * thread has its own, and calls this itself. Node alone holds this fence: code that has taken the process over could get around it.
 */
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** Its code is the one of node's own permission model. */
const refusal = (what: string) => Object.assign(new Error(`This process ${what}.`), { code: 'ERR_ACCESS_DENIED' });

export function forbidNetwork(): void {
  const noNetwork = () => {
    throw refusal('has no network');
  };
  const noProcesses = () => {
    throw refusal('starts no other');
  };
  replace(net.Socket.prototype, ['connect'], function (this: net.Socket) {
    // As a connection fails: nobody expects the call itself to throw, or to fail before its listeners are there.
    Object.assign(this, { connecting: true });
    setImmediate(() => this.destroy(refusal('has no network')));
    return this;
  });
  replace(net.Server.prototype, ['listen'], noNetwork);
  replace(dgram.Socket.prototype, ['bind', 'connect', 'send'], noNetwork);
  // A name alone tells its server something.
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
