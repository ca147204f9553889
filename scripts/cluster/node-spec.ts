import { Terminal } from '../../src/errors.ts';
import { CONTAINERD, type ContainerdMinor } from './versions.ts';

export type CgroupDriver = 'cgroupfs' | 'systemd';

/** One node as asked for: `2.3` or `2.3:systemd`. */
export interface NodeSpec {
  readonly containerd: ContainerdMinor;
  readonly cgroupDriver: CgroupDriver;
}

export const DEFAULT_NODES: readonly NodeSpec[] = [
  { containerd: '2.3', cgroupDriver: 'cgroupfs' },
  { containerd: '1.7', cgroupDriver: 'cgroupfs' },
];

export function parseNodes(text: string): readonly NodeSpec[] {
  return text.split(',').map((part) => parseNode(part.trim()));
}

function parseNode(text: string): NodeSpec {
  const [minor = '', driver = 'cgroupfs', ...rest] = text.split(':');
  if (!isMinor(minor) || (driver !== 'cgroupfs' && driver !== 'systemd') || rest.length > 0) {
    const known = Object.keys(CONTAINERD).join(', ');
    throw new Terminal(
      `--nodes: '${text}' is not a node; a containerd version (${known}) with or without ':systemd' is`,
    );
  }
  return { containerd: minor, cgroupDriver: driver };
}

function isMinor(text: string): text is ContainerdMinor {
  return Object.hasOwn(CONTAINERD, text);
}

export function formatNode({
  containerd,
  cgroupDriver,
}: {
  readonly containerd: string;
  readonly cgroupDriver: CgroupDriver;
}): string {
  return cgroupDriver === 'cgroupfs' ? containerd : `${containerd}:${cgroupDriver}`;
}
