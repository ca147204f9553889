import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { openHost } from '../host.ts';
import { awaitsUpgrade, platformOf } from './distribution.ts';

const BINARY = '/var/lib/rancher/k3s/data/old/bin/containerd';
const daemon = {
  ...{ socket: '', pid: 2, binary: BINARY, binaryReplaced: false, configFlag: undefined, unit: '', parent: undefined },
};

describe('what the disk tells beside the process', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-distribution-'));
    for (const release of ['old', 'new'])
      mkdirSync(join(root, `/var/lib/rancher/k3s/data/${release}/bin`), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const point = (release: string) => symlinkSync(release, join(root, '/var/lib/rancher/k3s/data/current'));

  it('K3s without the link', () => expect(awaitsUpgrade(openHost(root), daemon)).to.equal(false));
  it('K3s as it runs', () => {
    point('old');
    expect(awaitsUpgrade(openHost(root), daemon)).to.equal(false);
  });
  it('K3s, absolute link', () => {
    point('/var/lib/rancher/k3s/data/old');
    expect(awaitsUpgrade(openHost(root), daemon)).to.equal(false);
  });
  it('K3s that will be another one at its next start', () => {
    point('new');
    expect(awaitsUpgrade(openHost(root), daemon)).to.equal(true);
  });
  it('no K3s', () =>
    expect(awaitsUpgrade(openHost(root), { ...daemon, binary: '/usr/bin/containerd' })).to.equal(false));

  for (const [file, name] of [
    ['/kind/version', 'kind'],
    ['/etc/kubernetes/azure.json', 'AKS'],
    ['/etc/eks/image', 'EKS'],
    ['/etc/hostname', undefined],
  ] as const) {
    it(`a node with ${file}`, () => {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      mkdirSync(join(root, file));
      expect(platformOf(openHost(root))?.name).to.equal(name);
    });
  }
});
