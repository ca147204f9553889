import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { Clock } from '../../src/clock.ts';
import type { DemoApi } from './api.ts';
import { type Provisioned, provision } from './provisioning.ts';
import { shares } from './timeline.ts';
import type { Snapshot } from './view.ts';

/** A clock that only sleeping moves. */
function clockAt(): Clock & { ms: number } {
  const clock = {
    ms: 0,
    nowMs: () => clock.ms,
    monotonicMs: () => clock.ms,
    sleep: async (ms: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      clock.ms += ms;
    },
  };
  return clock;
}

function node(name: string, reason?: string, labels: Record<string, string> = {}): V1Node {
  const condition = { type: 'KwasmReady', status: 'False', reason: reason ?? '', message: 'the message' };
  return { metadata: { name, labels }, status: reason === undefined ? {} : { conditions: [condition] } };
}

function pod(name: string, on: string): V1Pod {
  const status = { name, ready: true, restartCount: 0, image: '', imageID: '', state: { running: {} } };
  return {
    metadata: { name },
    spec: { nodeName: on, containers: [] },
    status: { podIP: '10.0.0.1', containerStatuses: [status] },
  };
}

const READY = { 'runtime.kwasm.sh/wasmtime': 'true' };

interface Retracted {
  readonly ms: number;
  readonly names: readonly string[];
}

interface Run {
  readonly retracted: readonly Retracted[];
  readonly result: Provisioned | Error;
  readonly said: readonly string[];
  readonly ms: number;
}

/** Runs it on a cluster that looks like `at(ms)`. */
async function run(
  nodes: readonly string[],
  at: (ms: number) => Snapshot,
  answersMs = Number.POSITIVE_INFINITY,
): Promise<Run> {
  const clock = clockAt();
  const said: string[] = [];
  const retracted: Retracted[] = [];
  const api: DemoApi = {
    look: async () => at(clock.ms),
    hasRuntimeClass: async () => true,
    podAnswers: async () => clock.ms >= answersMs,
  };
  const result = await provision({
    api,
    nodes,
    clock,
    say: (line) => said.push(line),
    signal: new AbortController().signal,
    annotate: async () => {},
    retract: async (names) => void retracted.push({ ms: clock.ms, names }),
  }).catch((error: unknown) => error as Error);
  return { result, said, retracted, ms: clock.ms };
}

describe('provisioning in the demo', () => {
  it('ends with the last answer, and has said each change once', async () => {
    const at = (ms: number): Snapshot => {
      if (ms < 2_000) return { nodes: [node('a', 'Installing')], jobPods: [], demoPods: [] };
      return { nodes: [node('a', 'Provisioned', READY)], jobPods: [], demoPods: [pod('p', 'a')] };
    };
    const { result, said } = await run(['a'], at, 5_000);
    if (result instanceof Error) throw result;
    const timeline = result.timelines.get('a');
    expect(timeline?.ms).to.include({ labelled: 2_000, answered: 5_000 });
    expect(shares(timeline ?? expect.fail()).reduce((sum, { ms }) => sum + ms, 0)).to.equal(5_000);
    expect(result.before).to.deep.equal([]);
    expect(said).to.deep.equal([
      '    0.0 s  a: Installing: the message',
      '    2.0 s  a: pod started; the shim compiles the component',
      '    5.0 s  a: its pod answers',
    ]);
  });

  it('tells the nodes that were ready before', async () => {
    const ready = { nodes: [node('a', 'Provisioned', READY)], jobPods: [], demoPods: [pod('p', 'a')] };
    const { result } = await run(['a'], () => ready, 0);
    expect(result).to.deep.include({ before: ['a'] });
  });

  it('gives up when the operator has, with its reason', async () => {
    const { result, ms } = await run(['a', 'b'], (at) => ({
      nodes: [node('a', 'Installing'), node('b', at < 1_000 ? 'Installing' : 'Broken')],
      jobPods: [],
      demoPods: [],
    }));
    expect(result).to.be.an('error').with.property('message', 'b was given up. Broken: the message');
    expect(ms).to.be.lessThan(30_000);
  });

  it('takes the annotation off nodes that an earlier run left given up, and goes on when the operator saw it', async () => {
    const at = (ms: number): Snapshot => ({
      nodes: [node('a', ms < 3_000 ? 'Refused' : 'Provisioned', READY), node('b', 'Provisioned', READY)],
      jobPods: [],
      demoPods: [pod('p', 'a'), pod('q', 'b')],
    });
    const { result, retracted } = await run(['a', 'b'], at, 4_000);
    expect(retracted).to.deep.equal([{ ms: 0, names: ['a'] }]);
    if (result instanceof Error) throw result;
    expect(result.timelines.get('a')?.ms.answered).to.equal(1_000);
  });

  it("passes over an earlier run's reason that does not last", async () => {
    const at = (ms: number): Snapshot => ({
      nodes: [node('a', ms < 10_000 ? 'Refused' : 'Provisioned', READY)],
      jobPods: [],
      demoPods: ms < 10_000 ? [] : [pod('p', 'a')],
    });
    expect((await run(['a'], at, 30_000)).result).to.have.property('timelines');
  });

  it('has a deadline, and says who is late and where', async () => {
    const { result } = await run(['a'], () => ({ nodes: [node('a', 'Installing')], jobPods: [], demoPods: [] }));
    expect(result).to.be.an('error').with.property('message', 'no answer in time from a (Installing: the message)');
  });

  it('outlasts an API server that is away for seconds, not one that stays away', async () => {
    const ready = { nodes: [node('a', 'Provisioned', READY)], jobPods: [], demoPods: [pod('p', 'a')] };
    const away = (from: number, to: number) => (ms: number) => {
      if (ms > from && ms < to) throw new Error('connect ECONNREFUSED');
      return ready;
    };
    expect((await run(['a'], away(0, 10_000), 12_000)).result).to.have.property('timelines');
    expect((await run(['a'], away(0, 60_000), 90_000)).result)
      .to.be.an('error')
      .with.property('message', 'the API server does not answer: connect ECONNREFUSED');
  });
});
