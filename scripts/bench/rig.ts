import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { kwok } from '../cluster/go-tools.ts';
import type { Progress } from '../cluster/progress.ts';
import { bundle, PROGRAMS } from '../images/bundle.ts';
import { Plane, type PlaneOptions } from '../plane/plane.ts';
import { root } from '../testing/mocha.ts';
import { BENCH_AUDIT_POLICY } from './audit.ts';
import type { Figure } from './figure.ts';
import { type Configs, install } from './namespace.ts';
import { OperatorProcess, type StartOptions } from './operator-process.ts';
import { createNodes, names, nodeBytes } from './population.ts';

export interface Scale {
  /** Counts only, on a small cluster: what a busy machine cannot make wrong. */
  readonly short: boolean;
  readonly nodes: number;
  readonly manyNodes: number;
}

export const FULL: Scale = { short: false, nodes: 5_000, manyNodes: 15_000 };
export const SHORT: Scale = { short: true, nodes: 200, manyNodes: 400 };

export type Section = (rig: Rig) => Promise<readonly Figure[]>;

const EMPTY = 'empty';

/** Directory of the operator's bundle, and the texts of its configuration. */
interface Program extends Pick<StartOptions, 'app'> {
  readonly configs: Configs;
}

export interface RigStart extends Omit<StartOptions, 'plane' | 'app' | 'config'> {
  /** `chart`: as careful as the chart's values have it. Default: without limits, for the operator is measured, not its caution. */
  readonly rollout?: keyof Configs;
  /** Instead of the chart's. */
  readonly jobTtlSeconds?: number;
}

const TTL = /(ttlSecondsAfterFinished: )\d+/;

/** Two rigs can stand beside each other: a soak takes an hour. */
export type Place = Pick<PlaneOptions, 'name' | 'address'>;
export const BENCH: Place = { name: 'bench', address: '127.88.0.1' };
export const SOAK: Place = { name: 'soak', address: '127.88.0.7' };

/** The plane, the operator's bundle and whatever runs; each section begins from the same data. */
export class Rig {
  readonly plane: Plane;
  readonly scale: Scale;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly #program: Program;
  readonly #running = new Set<OperatorProcess>();

  private constructor(plane: Plane, program: Program, scale: Scale, progress: Progress, signal: AbortSignal) {
    this.plane = plane;
    this.#program = program;
    this.scale = scale;
    this.progress = progress;
    this.signal = signal;
  }

  static async open(place: Place, scale: Scale, progress: Progress, signal: AbortSignal): Promise<Rig> {
    const options = { ...place, fsync: true, auditPolicy: BENCH_AUDIT_POLICY, apiServerFlags: [], progress, signal };
    const plane = await progress.step('control plane', () => Plane.open(options, [kwok]));
    try {
      const configs = await install(plane.api, progress);
      await plane.save(EMPTY);
      const context = join(plane.dir, 'operator');
      await progress.step('bundle', () => bundle(root, PROGRAMS.operator, context));
      return new Rig(plane, { app: join(context, 'app'), configs }, scale, progress, signal);
    } catch (error) {
      await plane.close();
      throw error;
    }
  }

  /** A plane with so many nodes that nobody has touched. Made once, then brought back. */
  async withNodes(count: number): Promise<readonly string[]> {
    await this.stopAll();
    const kept = `nodes-${count}`;
    const { plane, progress } = this;
    if (plane.has(kept)) await progress.step(`${count} nodes, as they were`, () => plane.restore(kept));
    else {
      await plane.restore(EMPTY);
      await progress.step(`${count} nodes`, () => createNodes(plane.api, 0, count));
      progress.say(`      of ${((await nodeBytes(plane.api, names(1)[0] ?? '')) / 1000).toFixed(1)} kB`);
      await plane.save(kept);
      rmSync(plane.auditLog, { force: true });
    }
    return names(count);
  }

  async start({ jobTtlSeconds, rollout = 'unlimited', ...options }: RigStart = {}): Promise<OperatorProcess> {
    this.signal.throwIfAborted();
    const { app, configs } = this.#program;
    const config = configs[rollout];
    const own = jobTtlSeconds === undefined ? config : config.replace(TTL, `$1${jobTtlSeconds}`);
    const operator = await OperatorProcess.start({ ...options, app, config: own, plane: this.plane });
    this.#running.add(operator);
    return operator;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((operator) => operator.stop('SIGKILL')));
    this.#running.clear();
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.plane.close();
  }
}
