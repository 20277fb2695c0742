/**
 * Which addresses a download may use. A catalogue's address must be https, or on this machine itself (a person's own mirror). A redirect's
 * target must be https, and neither on this machine nor in a private network, so that no server can make RocketDoc connect to other
 * services there. The IP address of a name is checked when the connection is made.
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { AppError } from '../../contract/errors.ts';
import { isDownloadAddress } from '../../contract/models.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

const local = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  local.addSubnet(net, prefix);
local.addAddress('::', 'ipv6');
local.addAddress('::1', 'ipv6');
local.addSubnet('fc00::', 7, 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');
local.addSubnet('ff00::', 8, 'ipv6');

const has = (list: BlockList, address: string) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** The host as an IP address without brackets; undefined: it is a name. */
function literal({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}

function isLoopback(url: URL): boolean {
  const address = literal(url);
  return address === undefined ? /(^|\.)localhost\.?$/i.test(url.hostname) : has(loopback, address);
}

export function catalogueAddress(text: string): URL {
  if (!isDownloadAddress(text))
    throw new AppError('INVALID_ARGUMENT', 'The catalogue names an address that is not encrypted (https).');
  return new URL(text);
}

/** The target of a redirect; `origin` is the catalogue's address. */
export function redirectTarget(location: string | undefined, from: URL, origin: URL): URL {
  if (location === undefined || !URL.canParse(location, from))
    throw new AppError('IO', `${from.hostname} sends on to nowhere. Try again later.`);
  const url = new URL(location, from);
  if (isLoopback(origin)) {
    if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return url;
  } else if (url.protocol === 'https:' && !isLoopback(url)) {
    const address = literal(url);
    if (address === undefined || !has(local, address)) return url;
  }
  throw new AppError(
    'IO',
    `${from.hostname} sends on to an address that RocketDoc does not follow (${url.protocol}//${url.hostname}).`,
  );
}

/** For requests after a redirect: refuses a name that resolves to this machine or a private network. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    if (addresses.some(({ address }) => has(local, address)))
      return callback(new AppError('IO', `${hostname} is an address of a private network.`), []);
    if (options.all) return callback(null, addresses);
    const first = addresses[0];
    callback(null, first?.address ?? '', first?.family ?? 4);
  });
};

export const needsPublicAddress = (origin: URL): boolean => !isLoopback(origin);
