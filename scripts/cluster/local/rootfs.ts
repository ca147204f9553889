import { createHash } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { debootstrap } from '../../toolchain/debootstrap.ts';
import { withLock } from '../lock.ts';
import { cacheDir } from '../paths.ts';
import type { Progress } from '../progress.ts';
import { VERSIONS } from '../versions.ts';

/** What a node has that Kubernetes and its container runtime need from the distribution, and a little to look around with. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'mount', 'kmod', 'procps', 'ca-certificates'],
  ...['runc', 'containernetworking-plugins', 'iptables', 'nftables', 'conntrack', 'iproute2', 'ethtool', 'socat'],
  ...['catatonit', 'busybox-static'],
];

/** The one root file system that lies below every node's own layer. Nobody ever writes to it. */
export async function ensureRootfs(progress: Progress, signal?: AbortSignal): Promise<string> {
  const key = createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 12);
  const target = join(cacheDir(), 'rootfs', `${VERSIONS.nodeSuite}-${key}`);
  if (existsSync(target)) return target;
  const waiting = () => progress.say('  ... another process makes the root file system; waiting for it');
  return withLock(join(cacheDir(), 'rootfs', 'lock'), waiting, async () => {
    if (existsSync(target)) return target;
    await progress.step(
      `make the nodes' root file system (Debian ${VERSIONS.nodeSuite}; about a minute the first time)`,
      () => debootstrap({ suite: VERSIONS.nodeSuite, packages: PACKAGES, target: `${target}.partial`, signal }),
    );
    renameSync(`${target}.partial`, target);
    return target;
  });
}
