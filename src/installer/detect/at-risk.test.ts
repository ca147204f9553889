import { expect } from 'chai';
import type { Container, Sandbox } from '../cri/client.ts';
import { sampleConfig, sampleFacts } from '../plan/sample-facts.ts';
import { suspectsOf } from './at-risk.ts';

const sandbox = (id: string, handler: string, ready = true): Sandbox => ({
  id,
  pod: `a/${id}`,
  podUid: id,
  ready,
  handler,
});
const container = (id: string, sandboxId: string, state: Container['state'] = 'running'): Container => ({
  id,
  sandboxId,
  name: id,
  podUid: sandboxId,
  state,
  createdAtMs: 0,
});
const sandboxes = [sandbox('native', ''), sandbox('named', 'runc'), sandbox('wasm', 'spin'), sandbox('old', '', false)];
const containers = [
  container('c1', 'native'),
  container('c2', 'named'),
  container('c3', 'wasm'),
  container('c4', 'wasm', 'exited'),
  container('c5', 'old'),
];

describe('pods that may not outlive a restart', () => {
  function suspects(version: string): readonly string[] {
    const { runtime } = sampleFacts(version, sampleConfig(undefined));
    if (runtime.kind !== 'containerd') throw new Error('sample facts have a containerd');
    const live = [...runtime.live, { name: 'spin', type: 'io.containerd.spin.v2', options: {} }];
    return suspectsOf({ ...runtime, live }, sandboxes, containers).map(({ id }) => id);
  }

  it('are those on other shims than runc, from 2.0 on', () => {
    expect(suspects('2.1.4')).to.deep.equal(['c3']);
  });

  it('are all on 1.7: their sandboxes, too, whose process systemd may have moved away from where runc looks', () => {
    expect(suspects('1.7.27')).to.deep.equal(['native', 'named', 'wasm', 'c1', 'c2', 'c3']);
  });
});
