import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path/posix';
import { HOST } from '../../contract.ts';
import type { Cri } from '../cri/client.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { HostFacts } from '../plan/facts.ts';
import { Refusal } from '../refusal.ts';
import { platformOf } from './distribution.ts';

/** Where the boot unit goes. NixOS makes it of its own store, which nobody writes to. */
const SYSTEM_UNITS = '/etc/systemd/system';

/**
 * We see the host by two ways, its files below NODE_ROOT and its processes in /proc; they must be the same machine, and
 * the machine that the operator meant: a node's name can pass to another while a Job waits.
 */
export function assertSameHost(host: Host): void {
  const ours = statSync(host.at('/'));
  const theirs = statSync(host.process(1, 'root/'));
  if (ours.dev === theirs.dev && ours.ino === theirs.ino) return;
  throw new Refusal(
    'NotHostPid',
    `NODE_ROOT (${host.at('/')}) is not the root directory of process 1; the pod needs hostPID: true and the host's / mounted there`,
  );
}

export function assertMachine(facts: Pick<HostFacts, 'machineId'>, expected: string | undefined): void {
  if (expected === undefined || expected === '' || expected === facts.machineId) return;
  throw new Refusal(
    'OtherMachine',
    `this machine's id is ${facts.machineId}, the node's is ${expected}: another machine has taken the node's name, or the kubelet has not yet reported it`,
  );
}

/**
 * A host may have a second containerd, for Docker or from before. While the kubelet is down, nothing else tells them apart:
 * the one that runs this pod is the kubelet's. Not a refusal, for the kubelet comes back.
 */
export async function assertRunsUs(cri: Cri, socket: string, podUid: string | undefined): Promise<void> {
  if (podUid === undefined || podUid === '') return;
  if ((await cri.sandboxes()).some((sandbox) => sandbox.podUid === podUid)) return;
  throw new Failure(
    'NoRuntime',
    `the containerd behind ${socket} does not run this pod, so it is not the kubelet's; is the kubelet, or K3s, down?`,
  );
}

export function readHostFacts(host: Host, configDirectory: string, prefix: string): HostFacts {
  const osRelease = readIfThere(host, '/etc/os-release') || readIfThere(host, '/usr/lib/os-release');
  return {
    machineId: machineId(host),
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    os: osName(osRelease),
    osId: /^ID="?([^"\n]*)"?/m.exec(osRelease)?.[1] ?? '',
    platform: platformOf(host),
    systemd: existsSync(host.at('/run/systemd/system')),
    readOnly: [configDirectory, prefix, HOST.state, SYSTEM_UNITS].filter((path) => isReadOnly(host, path)),
  };
}

/** Of the host's own /proc: a machine that is itself a container has another than the kernel below it. */
export const bootId = (host: Host): string => readIfThere(host, '/proc/sys/kernel/random/boot_id').trim();

export const machineId = (host: Host): string => readIfThere(host, '/etc/machine-id').trim();

export function osName(osRelease: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?/m.exec(osRelease)?.[1] ?? 'an unknown system';
}

/** Of the path, or of the nearest directory above it that exists. For root, only a read-only mount is not writable. */
function isReadOnly(host: Host, path: string): boolean {
  if (!existsSync(host.at(path))) return isReadOnly(host, dirname(path));
  try {
    accessSync(host.at(path), constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

function readIfThere(host: Host, path: string): string {
  return existsSync(host.at(path)) ? readFileSync(host.at(path), 'utf8') : '';
}
