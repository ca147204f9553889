import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { Terminal } from '../../src/errors.ts';
import { etcd, type GoTool, kubernetes, toolDir } from '../cluster/go-tools.ts';
import type { Addresses } from '../cluster/local/addresses.ts';
import { ensureSecrets } from '../cluster/local/control-plane.ts';
import {
  AUDIT_POLICY,
  apiServerArgs,
  auditLog,
  type ControlPlane,
  controllerManagerArgs,
  etcdArgs,
  PORTS,
} from '../cluster/local/control-plane-flags.ts';
import { accepts, ensureDaemon, etcdReady, type HostDaemon } from '../cluster/local/daemons.ts';
import { kill, killAtOnce } from '../cluster/local/processes.ts';
import { ensurePrograms } from '../cluster/local/programs.ts';
import { takeLock } from '../cluster/lock.ts';
import { cacheDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import { Api } from './api.ts';

export interface PlaneOptions {
  readonly name: string;
  /** Loopback, one for each plane: all of 127.0.0.0/8 is this machine's, so there is no network to set up. */
  readonly address: string;
  /** Where an etcd that syncs to disk is wanted, as a production one does; else it is quiet and quick. */
  readonly fsync: boolean;
  readonly apiServerFlags: readonly string[];
  /** Another release of the API server than the clusters'. */
  readonly apiServer?: GoTool;
  readonly auditPolicy?: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * A real API server and its etcd, and nothing else: no nodes, no network, no controllers unless asked for. Its data can
 * be kept aside and brought back, so that what was measured before leaves no trace.
 */
export class Plane {
  readonly dir: string;
  readonly api: Api;
  readonly server: URL;
  readonly #options: PlaneOptions;
  readonly #plane: ControlPlane;
  /** Lets the next process have a plane of this name. */
  readonly #release: () => void;
  /** An interrupted test runs none of its hooks. */
  readonly #leave: () => void;

  private constructor(options: PlaneOptions, plane: ControlPlane, release: () => void) {
    this.#release = release;
    this.#options = options;
    this.#plane = plane;
    this.dir = plane.dir;
    this.#leave = () => {
      killAtOnce(plane.dir);
      rmSync(plane.dir, { recursive: true, force: true });
    };
    process.on('exit', this.#leave);
    this.server = new URL(`https://${options.address}:${PORTS.api}`);
    const pki = join(plane.dir, 'pki');
    const client = { cert: join(pki, 'admin.crt'), key: join(pki, 'admin.key') };
    this.api = new Api(this.server, { authority: plane.secrets.authority.cert, ...client });
  }

  /** Empty, and running. */
  static async open(options: PlaneOptions, tools: readonly GoTool[] = []): Promise<Plane> {
    const { name, address, apiServer = kubernetes, progress, signal } = options;
    await ensurePrograms([etcd, kubernetes, apiServer, ...tools], progress, signal);
    const dir = join(cacheDir(), 'planes', name);
    const waiting = () => progress.say(`  ... another process uses the control plane ${name}; waiting for it`);
    const release = await takeLock(`${dir}.lock`, waiting, signal);
    let plane: Plane | undefined;
    try {
      await kill(dir);
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const addresses = addressesAt(address);
      const secrets = await ensureSecrets(dir, name, addresses);
      plane = new Plane(options, { dir, name, addresses, secrets }, release);
      await plane.start();
      return plane;
    } catch (error) {
      if (plane === undefined) release();
      else await plane.#discard();
      throw error;
    }
  }

  async start(): Promise<void> {
    const { address, fsync, apiServer = kubernetes, apiServerFlags, auditPolicy = AUDIT_POLICY } = this.#options;
    mkdirSync(join(this.dir, 'etcd'), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.dir, 'audit-policy.yaml'), auditPolicy);
    const store = [...etcdArgs(this.#plane), `--unsafe-no-fsync=${!fsync}`, `--quota-backend-bytes=${4 * 1024 ** 3}`];
    await this.#ensure({ role: 'etcd', file: join(toolDir(etcd), 'etcd'), args: store }, () => etcdReady(address));
    // There is no Service network that could reach a loopback address, so none is announced.
    const args = [...apiServerArgs(this.#plane), '--endpoint-reconciler-type=none', ...apiServerFlags];
    const file = join(toolDir(apiServer), 'kube-apiserver');
    await this.#ensure({ role: 'kube-apiserver', file, args }, () => this.api.ready());
  }

  /** Only these controllers, unhurried by their own rate limits. */
  async startControllers(names: readonly string[]): Promise<void> {
    const args = [
      ...controllerManagerArgs(this.#plane),
      `--controllers=${names.join(',')}`,
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
      '--concurrent-job-syncs=20',
    ];
    const answers = () => accepts(this.#options.address, PORTS.controllerManager);
    const role = 'kube-controller-manager';
    await this.#ensure({ role, file: join(toolDir(kubernetes), role), args }, answers);
  }

  /** A program of somebody else's, with the plane's own life. */
  async startBeside(daemon: HostDaemon, answers: () => Promise<boolean>): Promise<void> {
    await this.#ensure(daemon, answers);
  }

  /** A killed program loses its memory before its sockets; who starts too early finds its port taken. */
  async stop(): Promise<void> {
    await kill(this.dir);
    const { address } = this.#options;
    for (const end = performance.now() + STOP_WITHIN_MS; ; await systemClock.sleep(POLL_MS)) {
      const taken = await Promise.all([PORTS.etcd, PORTS.etcdHealth, PORTS.api].map((port) => accepts(address, port)));
      if (!taken.includes(true)) return;
      if (performance.now() > end) throw new Terminal(`${address}: something still listens on a port of the plane`);
    }
  }

  /** Sets what etcd holds aside under this name. */
  async save(name: string): Promise<void> {
    await this.stop();
    rmSync(this.#kept(name), { recursive: true, force: true });
    cpSync(join(this.dir, 'etcd'), this.#kept(name), { recursive: true });
    await this.start();
  }

  has(name: string): boolean {
    return existsSync(this.#kept(name));
  }

  /** Back to what was kept, with an empty audit log. */
  async restore(name: string): Promise<void> {
    await this.stop();
    rmSync(join(this.dir, 'etcd'), { recursive: true, force: true });
    rmSync(this.auditLog, { force: true });
    cpSync(this.#kept(name), join(this.dir, 'etcd'), { recursive: true });
    await this.start();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#discard();
  }

  /** Nothing of it is touched once it is released: another process may have a plane of this name by then. */
  async #discard(): Promise<void> {
    await kill(this.dir);
    await this.api.close();
    process.off('exit', this.#leave);
    rmSync(this.dir, { recursive: true, force: true });
    this.#release();
  }

  get auditLog(): string {
    return auditLog(this.dir);
  }

  get kubeconfig(): string {
    return join(this.dir, 'kubeconfig');
  }

  get authority(): string {
    return this.#plane.secrets.authority.cert;
  }

  #kept(name: string): string {
    return join(this.dir, `kept-${name}`);
  }

  async #ensure(daemon: HostDaemon, answers: () => Promise<boolean>): Promise<void> {
    await ensureDaemon(this.dir, daemon, answers, this.#options);
  }
}

const POLL_MS = 50;
const STOP_WITHIN_MS = 20_000;

/** Services and pods get ranges that nobody routes: there are none. */
function addressesAt(address: string): Addresses {
  return {
    range: '198.18.0.0/16',
    bridge: address,
    bridgePrefix: 8,
    services: '198.18.16.0/20',
    apiService: '198.18.16.1',
    dns: '198.18.16.10',
    pods: '198.18.128.0/17',
  };
}
