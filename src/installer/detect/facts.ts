import { dirname } from 'node:path/posix';
import { parse } from 'smol-toml';
import { type Cri, connectCri, type RuntimeStatus } from '../cri/client.ts';
import type { Host } from '../host.ts';
import type { ContainerdFacts, Facts, LiveHandler } from '../plan/facts.ts';
import { tableAt } from '../plan/toml.ts';
import { readRecord } from '../record.ts';
import { Refusal } from '../refusal.ts';
import { readConfig } from './config.ts';
import { type Daemon, findDaemon, programOf } from './daemon.ts';
import { generatorOf, otherRuntime } from './distribution.ts';
import { criSockets } from './endpoint.ts';
import { readHostFacts } from './identity.ts';

const DEFAULT_CONFIG = '/etc/containerd/config.toml';
const DUMP_TIMEOUT_MS = 30_000;

export interface Detected {
  readonly facts: Facts;
  /** undefined unless the runtime is containerd. The caller closes it. */
  readonly cri: Cri | undefined;
  readonly daemon: Daemon | undefined;
}

/** Reads everything a plan depends on, and changes nothing. */
export async function detect(host: Host, nowMs: () => number): Promise<Detected> {
  const { createdDirectories } = readRecord(host);
  const sockets = criSockets(host);
  const daemon = findDaemon(host, sockets);
  const rootPath = daemon?.configFlag ?? DEFAULT_CONFIG;
  const facts = (runtime: Facts['runtime']): Facts => ({
    host: readHostFacts(host, dirname(host.resolve(rootPath))),
    runtime,
    createdDirectories,
  });
  if (daemon === undefined)
    return { facts: facts({ kind: 'none', searched: sockets }), cri: undefined, daemon: undefined };
  const known = otherRuntime(programOf(daemon), 'containerd');
  if (known !== undefined)
    return { facts: facts({ kind: 'other', name: known, socket: daemon.socket }), cri: undefined, daemon };
  const cri = connectCri(host.at(daemon.socket), nowMs);
  try {
    const version = await cri.version();
    const other = otherRuntime(programOf(daemon), version.name);
    if (other !== undefined) {
      cri.close();
      return { facts: facts({ kind: 'other', name: other, socket: daemon.socket }), cri: undefined, daemon };
    }
    const generatedBy = generatorOf(daemon);
    const runtime: ContainerdFacts = {
      kind: 'containerd',
      version: version.version,
      socket: daemon.socket,
      pid: daemon.pid,
      binary: daemon.binary,
      binaryReplaced: daemon.binaryReplaced,
      generatedBy,
      unit: daemon.unit,
      config: readConfig(host, rootPath),
      dump: await dumpConfig(host, daemon),
      live: liveHandlers(await cri.status()),
    };
    return { facts: facts(runtime), cri, daemon };
  } catch (error) {
    cri.close();
    throw error;
  }
}

export function loadCommand(
  { binary, configFlag }: Daemon,
  config: string | undefined = configFlag,
): readonly string[] {
  return [binary, ...(config === undefined ? [] : ['-c', config]), 'config', 'dump'];
}

/** The merged configuration as the daemon's own program loads it; undefined where that program is gone. */
export async function dumpConfig(host: Host, daemon: Daemon, config?: string): Promise<unknown> {
  if (daemon.binaryReplaced) return undefined;
  const argv = loadCommand(daemon, config);
  const done = await host.run(argv, { timeoutMs: DUMP_TIMEOUT_MS });
  if (done.exitCode !== 0) throw new Refusal('ConfigUnreadable', `${argv.join(' ')} failed: ${done.why}`);
  return parse(done.stdout, { integersAsBigInt: 'asNeeded' });
}

export function liveHandlers({ config }: RuntimeStatus): readonly LiveHandler[] {
  return Object.entries(tableAt(config, ['containerd', 'runtimes']) ?? {}).map(([name, value]) => ({
    name,
    type: String(tableAt(value, [])?.['runtimeType'] ?? ''),
    options: tableAt(value, ['options']) ?? {},
  }));
}
