import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import type { InstallReason } from '../../contract.ts';
import { silentLogger } from '../../log.ts';
import type { Outcome } from '../../verdict.ts';
import { Failure } from '../failure.ts';
import type { Report, Run } from '../run.ts';
import { runAgent } from './agent.ts';
import { FakeApi } from './fake-api.ts';
import { afterRun, nextOf, readPast } from './past.ts';

const TIMES = { durationSeconds: 5, renewMs: 20, pauseMsMin: 5, pauseMsMax: 20 };
const MINUTE_MS = 60_000;

describe('runAgent', () => {
  let directory: string;
  let api: FakeApi;
  let stop: AbortController;
  let installs: number;
  let nowMs: number;
  let slept: number[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agent-'));
    api = new FakeApi('slot-0');
    stop = new AbortController();
    installs = 0;
    nowMs = Date.UTC(2026, 0, 1);
    slept = [];
  });
  afterEach(() => {
    stop.abort();
    rmSync(directory, { recursive: true });
  });

  function report(outcome: Outcome, reason: InstallReason): Report {
    return { outcome, reason, message: 'so it was', handlers: [], files: [] };
  }

  /** A container of the pod; long waits pass at once. */
  async function container(result: Report, work: () => Promise<void> = async () => {}): Promise<Report> {
    const log = silentLogger();
    const clock = {
      nowMs: () => nowMs,
      monotonicMs: () => systemClock.monotonicMs(),
      sleep: async (ms: number, signal?: AbortSignal) => {
        if (ms < MINUTE_MS / 3) return await systemClock.sleep(ms, signal);
        slept.push(ms);
        nowMs += ms;
      },
    };
    const slots = {
      api,
      namespace: 'kwasm',
      names: ['slot-0'],
      holder: 'n1',
      clock,
      random: Math.random,
      log,
      times: TIMES,
    };
    const run = { clock, log, signal: stop.signal } as unknown as Run;
    const install = async () => {
      installs += 1;
      expect(api.holder('slot-0')).to.equal('n1');
      await work();
      return result;
    };
    return await runAgent({ run, slots, directory, install });
  }

  it('installs in its slot, frees it, and tells what it came to', async () => {
    const done = report('installed', 'Installed');
    expect(await container(done)).to.deep.equal(done);
    expect(api.holder('slot-0')).to.equal('');
    await container(report('unchanged', 'Unchanged'));
    expect({ installs, slept }).to.deep.equal({ installs: 2, slept: [] });
  });

  it('keeps its slot when it failed, and waits for its next attempt in it', async () => {
    await container(report('rolledBack', 'HandlerNotServed'));
    expect(api.leases.get('slot-0')?.spec).to.include({ holderIdentity: 'n1', leaseDurationSeconds: 600 });
    expect(readPast(directory)).to.include({ outcome: 'rolledBack', attempts: 1 });
    nowMs += 10_000; // the kubelet's own pause
    await container(report('installed', 'Installed'));
    expect(slept).to.deep.equal([15 * MINUTE_MS - 10_000]);
    expect(api.holder('slot-0')).to.equal('');
  });

  for (const { name, results } of [
    { name: 'that only a person can mend', results: [report('refused', 'NoSystemd')] },
    { name: 'of a node that is broken', results: [report('broken', 'Broken')] },
    {
      name: 'that came twice',
      results: [report('rolledBack', 'RestartFailed'), report('rolledBack', 'RestartFailed')],
    },
  ]) {
    it(`tries nothing more after a failure ${name}, holds its slot, and frees it when its pod goes`, async () => {
      for (const result of results) await container(result);
      const before = installs;
      const last = container(report('installed', 'Installed'));
      await systemClock.sleep(150);
      expect({ installs, holder: api.holder('slot-0') }).to.deep.equal({ installs: before, holder: 'n1' });
      stop.abort(new Failure('Interrupted', 'the run was told to stop (SIGTERM)'));
      expect(await last).to.include({ outcome: 'failed', reason: 'Interrupted' });
      expect(api.holder('slot-0')).to.equal('');
    });
  }

  it('stops nobody while it waits for pods that are in its way', async () => {
    await container(report('refused', 'PodsAtRisk'));
    expect(api.holder('slot-0')).to.equal('');
    await container(report('refused', 'PodsAtRisk'));
    await container(report('installed', 'Installed'));
    expect(slept).to.deep.equal([30_000, MINUTE_MS]);
  });

  it('frees its slot when it is told to stop in the middle, and remembers nothing of it', async () => {
    const result = report('failed', 'Interrupted');
    const done = container(result, async () => stop.abort(new Failure('Interrupted', 'told to stop')));
    expect(await done).to.deep.equal(result);
    expect(api.holder('slot-0')).to.equal('');
    expect(readPast(directory)).to.equal(undefined);
  });

  it('ends at once when it is told to stop while it waits for a slot', async () => {
    api.put('slot-0', { spec: { holderIdentity: 'other', leaseDurationSeconds: 600 } });
    const done = container(report('installed', 'Installed'));
    await systemClock.sleep(50);
    stop.abort(new Failure('Interrupted', 'the run was told to stop (SIGTERM)'));
    expect(await done).to.include({ outcome: 'failed', reason: 'Interrupted' });
    expect(installs).to.equal(0);
  });

  it('tries a failure a bounded number of times, further and further apart', () => {
    const waits: number[] = [];
    let past = afterRun(undefined, 'failed', 'NoSpace', nowMs);
    for (let next = nextOf(past, nowMs); next.kind === 'later'; next = nextOf(past, nowMs)) {
      waits.push(next.afterMs / MINUTE_MS);
      past = afterRun(past, 'failed', 'NoSpace', nowMs);
    }
    expect(waits).to.deep.equal([1, 2, 4, 8, 16]);
    expect(nextOf(past, nowMs + 1e9).kind).to.equal('never');
    expect(nextOf({ ...past, attempts: 1, atMs: nowMs + 1e9 }, nowMs), 'a clock that was ahead').to.deep.equal({
      kind: 'later',
      afterMs: MINUTE_MS,
    });
  });
});
