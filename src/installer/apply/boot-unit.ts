import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { HOST } from '../../contract.ts';
import type { Host } from '../host.ts';
import { makeDirectory, syncDirectory, temporaryOf, writeText } from './files.ts';
import type { Journal } from './journal.ts';

/**
 * The dead man's switch for a machine that goes down in the middle of a change: the timer is lost with it, and containerd
 * would start on a half-made change. At the next boot this unit undoes it first.
 *
 * It only orders, it never requires: a restore that fails must not keep containerd down. Without the default dependencies,
 * since a containerd that somebody starts early would else be in a cycle with it, which systemd cuts anywhere. systemd reads new units at boot,
 * so it needs no daemon-reload, which can take devices away from running containers (NVIDIA/nvidia-container-toolkit#48).
 */
export const BOOT_UNIT = '/etc/systemd/system/kwasm-recover.service';
const WANTS = '/etc/systemd/system/multi-user.target.wants';
/** Whatever runs a containerd on the distributions we know, beside the unit that is recorded. */
const DAEMONS = [
  'containerd.service',
  'k3s.service',
  'k3s-agent.service',
  'rke2-server.service',
  'rke2-agent.service',
  'k0scontroller.service',
  'k0sworker.service',
  'snap.microk8s.daemon-containerd.service',
];

/** `directories`: of the files that may have to be put back. */
export function bootUnitText(unit: string, directories: readonly string[]): string {
  const before = [...new Set([unit, ...DAEMONS])].join(' ');
  const mounts = [...new Set([HOST.state, '/etc', ...directories])].join(' ');
  const [pending, transactions, script] = ['pending', 'txn', 'bin/restore.sh'].map((name) => join(HOST.state, name));
  return `# Written by kwasm; removed with its last shim.
[Unit]
Description=kwasm: undo a change of containerd that the machine went down in
ConditionDirectoryNotEmpty=${pending}
DefaultDependencies=no
After=local-fs.target
RequiresMountsFor=${mounts}
Before=shutdown.target ${before}
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for one in ${pending}/*; do /bin/sh ${script} "${transactions}/$\${one##*/}" boot; done'
TimeoutStartSec=60

[Install]
WantedBy=multi-user.target
`;
}

export async function stageBootUnit(host: Host, { unit, files }: Pick<Journal, 'unit' | 'files'>): Promise<void> {
  const at = host.at(BOOT_UNIT);
  const text = bootUnitText(
    unit,
    files.map(({ path }) => dirname(path)).filter((path) => !path.startsWith('/etc/')),
  );
  makeDirectory(dirname(at));
  if (!existsSync(at) || readFileSync(at, 'utf8') !== text) await writeText(at, text);
  const link = linkPath(host);
  makeDirectory(dirname(link));
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(BOOT_UNIT, link);
  syncDirectory(dirname(link));
}

export function removeBootUnit(host: Host): void {
  for (const path of [linkPath(host), host.at(BOOT_UNIT), temporaryOf(host.at(BOOT_UNIT))]) {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
    rmSync(path);
    syncDirectory(dirname(path));
  }
}

/** Not host.at(), which would follow the link. */
const linkPath = (host: Host): string => join(host.at(WANTS), 'kwasm-recover.service');
