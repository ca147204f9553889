import { expect } from 'chai';
import { jobView, NOW_MS, nodeView, policy } from '../examples.ts';
import { desiredHash } from '../policy.ts';
import type { NodeRecord } from '../record.ts';
import type { JobView, NodeView } from '../view.ts';
import { Rollout } from './rollout.ts';

const JOB_MS = 25_000;
const ZONES = ['a', 'b', 'c'];
const KINDS = ['debian', 'ubuntu'];

function record(at: number, uid: string): string {
  const whole: NodeRecord = {
    version: 1,
    state: 'installed',
    reason: 'Provisioned',
    message: '',
    desired: desiredHash(policy),
    image: policy.installer.image,
    job: 'job',
    nodeUid: uid,
    machineId: 'machine-1',
    bootId: 'boot-1',
    handlers: ['wasmtime'],
    containerd: '2.1.4',
    touched: true,
    attempts: 0,
    at: new Date(at).toISOString(),
  };
  return JSON.stringify(whole);
}

interface Figures {
  /** What the scheduler itself took, for each node that was taken through. */
  readonly usPerNode: number;
  readonly doneMs: number;
  readonly atOnceMax: number;
}

/** All nodes annotated at once, each Job of the same length, as the operator's loop would drive it; the clock is simulated. */
function wholeRollout(size: number): Figures {
  const rollout = new Rollout(policy);
  const views: NodeView[] = Array.from({ length: size }, (_, index) =>
    nodeView({
      name: `node-${index}`,
      uid: `uid-${index}`,
      zone: ZONES[index % ZONES.length] ?? '',
      kind: KINDS[index % KINDS.length] ?? '',
      controlPlane: index < 3,
    }),
  );
  const running: { readonly view: NodeView; readonly endMs: number }[] = [];
  let nowMs = NOW_MS;
  let atOnceMax = 0;
  let left = size;
  const byName = new Map(views.map((view) => [view.name, view]));
  const look = (name: string) => {
    const view = byName.get(name);
    if (view === undefined) return;
    rollout.leave(name);
    if (rollout.turn(name, nowMs).kind === 'wait') return rollout.wait(name);
    rollout.take(name);
    const job: JobView = jobView({ name, node: name, nodeUid: view.uid });
    rollout.update(name, view, [job]);
    rollout.release(name);
    running.push({ view, endMs: nowMs + JOB_MS });
    atOnceMax = Math.max(atOnceMax, running.length);
  };
  const beganMs = performance.now();
  for (const view of views) rollout.update(view.name, view, []);
  for (const { name } of views) {
    look(name);
    rollout.call(nowMs);
  }
  while (left > 0) {
    const next = running.shift();
    if (next !== undefined) {
      nowMs = Math.max(nowMs, next.endMs);
      left -= 1;
      const { view } = next;
      rollout.update(view.name, { ...view, record: record(nowMs, view.uid) }, []);
      rollout.leave(view.name); // its result is read, and it asks no more
      rollout.turn(view.name, nowMs);
    }
    const { go, afterMs } = rollout.call(nowMs);
    for (const name of go) look(name);
    if (running.length > 0) continue;
    if (afterMs === undefined) break;
    nowMs += afterMs;
  }
  expect(left).to.equal(0);
  return { usPerNode: ((performance.now() - beganMs) * 1000) / size, doneMs: nowMs - NOW_MS, atOnceMax };
}

describe('the rollout at size', () => {
  it('has 5,000 healthy nodes done within two hours, never more than 5 % at once', () => {
    const { doneMs, atOnceMax } = wholeRollout(5_000);
    expect(doneMs / 60_000).to.be.lessThan(120);
    expect(atOnceMax).to.equal(250);
  });

  it('has three nodes done within two minutes', () => {
    expect(wholeRollout(3).doneMs / 1000).to.be.lessThan(120);
  });

  it('costs the same for each node, however many there are', function () {
    this.timeout(60_000);
    wholeRollout(500); // compiled by then
    const small = Math.min(...[1, 2, 3].map(() => wholeRollout(1_500).usPerNode));
    const large = wholeRollout(15_000).usPerNode;
    console.log(`      scheduler: ${small.toFixed(1)} us a node at 1,500, ${large.toFixed(1)} us at 15,000`);
    expect(large).to.be.lessThan(4 * small);
  });
});
