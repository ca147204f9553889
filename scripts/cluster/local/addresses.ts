import { Terminal } from '../../../src/errors.ts';

/**
 * How a cluster's one /16 is divided. Everything of a cluster binds to addresses of its own range, so that several
 * clusters live side by side without a port clash.
 *
 *   x.y.0.0/24     the bridge (.1: control plane and registry on the host) and the nodes (.11 and up)
 *   x.y.16.0/20    Services (x.y.16.1: the API server, x.y.16.10: DNS)
 *   x.y.128.0/17   pods: a /24 for each node
 */
export interface Addresses {
  readonly range: string;
  readonly bridge: string;
  readonly bridgePrefix: number;
  readonly services: string;
  readonly apiService: string;
  readonly dns: string;
  readonly pods: string;
}

export interface NodeAddresses {
  readonly address: string;
  readonly pods: string;
}

/** A node's index is its place in the pod range: 128 /24 nets. */
export const NODES_MAX = 128;
const FIRST_NODE = 11;

export function addressesOf(range: string): Addresses {
  const prefix = prefixOf(range);
  return {
    range,
    bridge: `${prefix}.0.1`,
    bridgePrefix: 24,
    services: `${prefix}.16.0/20`,
    apiService: `${prefix}.16.1`,
    dns: `${prefix}.16.10`,
    pods: `${prefix}.128.0/17`,
  };
}

export function nodeAddresses(range: string, index: number): NodeAddresses {
  if (!Number.isInteger(index) || index < 0 || index >= NODES_MAX) {
    throw new Terminal(`a cluster has room for ${NODES_MAX} nodes; node number ${index + 1} does not fit`);
  }
  const prefix = prefixOf(range);
  return {
    address: `${prefix}.0.${FIRST_NODE + index}`,
    pods: `${prefix}.${128 + index}.0/24`,
  };
}

function prefixOf(range: string): string {
  const match = /^(\d{1,3})\.(\d{1,3})\.0\.0\/16$/.exec(range);
  const [first, second] = [Number(match?.[1]), Number(match?.[2])];
  const isPrivate =
    first === 10 || (first === 172 && second >= 16 && second <= 31) || (first === 192 && second === 168);
  if (match === null || second > 255 || !isPrivate) {
    throw new Terminal(`--range ${range}: give a private /16 as 10.187.0.0/16`);
  }
  return `${first}.${second}`;
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

/** Routes of this machine, other than those on the cluster's own bridge, that the range would shadow. */
export function overlapping(range: string, routes: readonly Route[], ownBridge: string): readonly string[] {
  return routes
    .filter(({ dst, dev }) => dst !== 'default' && dev !== ownBridge && overlaps(range, dst))
    .map(({ dst, dev }) => (dev === undefined ? dst : `${dst} (${dev})`));
}

function overlaps(one: string, other: string): boolean {
  const [a, b] = [parse(one), parse(other)];
  if (a === undefined || b === undefined) return false;
  const shift = 32 - Math.min(a.length, b.length);
  return Math.floor(a.value / 2 ** shift) === Math.floor(b.value / 2 ** shift);
}

function parse(network: string): { readonly value: number; readonly length: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(network);
  if (match === null) return undefined;
  const value = match.slice(1, 5).reduce((sum, part) => sum * 256 + Number(part), 0);
  return { value, length: match[5] === undefined ? 32 : Number(match[5]) };
}
