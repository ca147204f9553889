import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Cri, Sandbox } from '../cri/client.ts';
import { openHost } from '../host.ts';
import { observe } from './observe.ts';

describe('pods that the kubelet has removed', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-observe-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const sandbox = (podUid: string, ready = true): Sandbox => ({
    id: `s-${podUid}`,
    pod: `a/${podUid}`,
    podUid,
    ready,
    handler: '',
  });
  const baseline = {
    handlers: [],
    sandboxes: ['gone', 'stays'].map((uid) => ({ id: `s-${uid}`, pod: `a/${uid}`, podUid: uid })),
    containers: [],
  };
  const cri = {
    status: async () => ({ ready: true, message: '', handlers: [], config: {} }),
    sandboxes: async () => [sandbox('gone', false), sandbox('stays'), sandbox('installer')],
    containers: async () => [],
  } as unknown as Cri;
  const removed = async (...directories: readonly string[]) => {
    for (const uid of directories) mkdirSync(join(root, 'var/lib/kubelet/pods', uid), { recursive: true });
    return (await observe(openHost(root), cri, baseline)).removedPods;
  };

  it('have no directory any more, beside others that have', async () => {
    expect(await removed('stays', 'installer')).to.deep.equal(['gone']);
  });

  it('are not known where the kubelet keeps them elsewhere', async () => {
    expect(await removed()).to.deep.equal([]);
  });

  it('are not known either where a driver has made the usual directory beside a kubelet that does not use it', async () => {
    mkdirSync(join(root, 'var/lib/kubelet/pods'), { recursive: true });
    expect(await removed()).to.deep.equal([]);
    expect(await removed('of-long-ago')).to.deep.equal([]);
  });
});
