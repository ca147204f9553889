import { dirname } from 'node:path/posix';
import { parse } from 'smol-toml';
import { type Cri, connectCri, type RuntimeStatus, type RuntimeVersion } from '../cri/client.ts';
import type { Host } from '../host.ts';
import { distribution } from '../plan/distribution.ts';
import type { ConfigFacts, ContainerdFacts, Facts, LiveHandler } from '../plan/facts.ts';
import { tableAt } from '../plan/toml.ts';
import { readRecord } from '../record.ts';
import { Refusal } from '../refusal.ts';
import { readConfig } from './config.ts';
import { type Daemon, findDaemon, programOf } from './daemon.ts';
import { awaitsUpgrade, kindOf, otherRuntime, readDistribution } from './distribution.ts';
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
  const kind = daemon === undefined ? 'generic' : kindOf(daemon);
  const facts = (runtime: Facts['runtime']): Facts => ({
    host: readHostFacts(host, dirname(host.resolve(rootPath)), distribution(kind).prefix),
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
    const version = await criVersion(cri, daemon.socket);
    const other = otherRuntime(programOf(daemon), version.name);
    if (other !== undefined) {
      cri.close();
      return { facts: facts({ kind: 'other', name: other, socket: daemon.socket }), cri: undefined, daemon };
    }
    const config = readConfig(host, rootPath, kind);
    const runtime: ContainerdFacts = {
      kind: 'containerd',
      version: version.version,
      socket: daemon.socket,
      pid: daemon.pid,
      binary: daemon.binary,
      binaryReplaced: daemon.binaryReplaced || (kind === 'k3s' && awaitsUpgrade(host, daemon)),
      distribution: await readDistribution(host, daemon, config.source.kind === 'merged'),
      unit: daemon.unit,
      config,
      // A binary that was replaced is another version, and refused.
      dump: daemon.binaryReplaced ? undefined : await loadConfig(host, loadCommand(daemon, config.root)),
      live: liveHandlers(await cri.status()),
    };
    return { facts: facts(runtime), cri, daemon };
  } catch (error) {
    cri.close();
    throw error;
  }
}

/** gRPC's code of a server that does not know the service: its CRI plugin is off, or did not start. */
const UNIMPLEMENTED = 12;

async function criVersion(cri: Cri, socket: string): Promise<RuntimeVersion> {
  try {
    return await cri.version();
  } catch (error) {
    if ((error as { cause?: { code?: number } }).cause?.code !== UNIMPLEMENTED) throw error;
    throw new Refusal(
      'NoRuntime',
      `the daemon behind ${socket} does not serve CRI: its plugin is disabled, or its settings keep it from starting`,
    );
  }
}

/**
 * How the daemon's own program loads and prints its configuration. Without a file it runs on what `config default`
 * prints; `config dump` of 1.x would fail there.
 */
export function loadCommand({ binary, configFlag }: Daemon, root: ConfigFacts['root']): readonly string[] {
  if (root.kind === 'absent') return [binary, 'config', 'default'];
  return [binary, ...(configFlag === undefined ? [] : ['-c', configFlag]), 'config', 'dump'];
}

/** Merged, migrated and decoded, as the daemon would have it. */
export async function loadConfig(host: Host, argv: readonly string[]): Promise<unknown> {
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
