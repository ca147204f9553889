import type { V1PodSpec } from '@kubernetes/client-node';
import { expect } from 'chai';
import { resolveShim } from '../../../shims/resolve.ts';
import type { NamedShim } from '../../../shims/spec.ts';
import { guardedPolicy, nodeView, policy } from '../examples.ts';
import { installJob, uninstallJob } from '../job.ts';
import type { NodeView } from '../view.ts';
import { shim } from './examples.ts';
import { shimsOn } from './on-node.ts';
import { rulesOf } from './rules.ts';

const reference = (name: string) => `registry.example/${name}@sha256:${'d'.repeat(64)}`;
const image = (name: string, more: object = {}) =>
  shim(name, { sources: [{ arch: 'amd64', image: { reference: reference(name), path: `bin/${name}`, ...more } }] });

function podOf(shims: readonly NamedShim[], change: Partial<NodeView> = {}, base = policy): V1PodSpec {
  const node = nodeView(change);
  const onNode = shimsOn(node, rulesOf([], shims), () => []);
  const spec = installJob(node, { ...base, onNode }).spec?.template.spec;
  if (spec === undefined || spec === null) throw new Error('no pod');
  return spec;
}

const envOf = (pod: V1PodSpec, name: string) => pod.containers[0]?.env?.find((one) => one.name === name)?.value;

describe('the install Job with Shims', () => {
  it('tells our installer what to install, and names it; a default installation is not told', () => {
    expect(envOf(podOf([shim('spin')]), 'KWASM_SHIMS')).to.match(/^\[\{"name":"spin",/);
    expect(envOf(podOf([resolveShim('wasmtime')]), 'KWASM_SHIMS')).to.equal(undefined);
    const node = nodeView();
    const onNode = shimsOn(node, rulesOf([], [shim('spin'), shim('a')]), () => []);
    const { metadata } = installJob(node, { ...policy, onNode });
    expect(metadata?.annotations?.['kwasm.sh/shims']).to.equal('a,spin');
    expect(
      uninstallJob(node, { ...policy, onNode }).spec?.template.spec?.containers[0]?.env?.map(({ name }) => name),
    ).not.to.include('KWASM_SHIMS');
  });

  it('tells a third-party installer nothing', () => {
    const node = nodeView();
    const text = JSON.stringify(installJob(node, { ...guardedPolicy, onNode: { kind: 'all' } }));
    expect(text).not.to.contain('KWASM_SHIMS').and.not.to.contain('kwasm.sh/shims');
  });

  it('has the mirror where one is configured', () => {
    expect(envOf(podOf([shim('spin')]), 'KWASM_MIRROR')).to.equal(undefined);
    const base = { ...policy, installer: { ...policy.installer, mirror: 'https://mirror.example/k' } };
    expect(envOf(podOf([shim('spin')], {}, base), 'KWASM_MIRROR')).to.equal('https://mirror.example/k');
  });

  it('mounts an image where the node can: the kubelet pulls it, with the secrets of both', () => {
    const base = { ...policy, installer: { ...policy.installer, imagePullSecrets: [{ name: 'ours' }] } };
    const pod = podOf([image('spin', { pullSecrets: [{ name: 'theirs' }] })], { mountsImages: true }, base);
    expect(pod.initContainers).to.equal(undefined);
    expect(pod.volumes).to.deep.include({
      name: 'shim-0',
      image: { reference: reference('spin'), pullPolicy: 'IfNotPresent' },
    });
    const mounts = pod.containers[0]?.volumeMounts;
    expect(mounts).to.deep.include({ name: 'shim-0', mountPath: '/shims/spin', readOnly: true });
    expect(pod.imagePullSecrets).to.deep.equal([{ name: 'ours' }, { name: 'theirs' }]);
  });

  it('has each image copy its file elsewhere, with a program of ours and without the host', () => {
    const pod = podOf([image('a'), image('b'), shim('c')]);
    expect(pod.initContainers?.map((one) => [one.name, one.image])).to.deep.equal([
      ['kwasm-tools', policy.installer.image],
      ['copy-shim-0', reference('a')],
      ['copy-shim-1', reference('b')],
    ]);
    for (const { volumeMounts = [], securityContext } of pod.initContainers ?? []) {
      expect(volumeMounts.map(({ name }) => name)).not.to.include('root-mount');
      expect(securityContext?.privileged).not.to.equal(true);
    }
    const [, first] = pod.initContainers ?? [];
    expect(first?.command).to.deep.equal([
      '/kwasm-tools/loader',
      '--library-path',
      '/kwasm-tools',
      '/kwasm-tools/cp',
      '--parents',
      '--dereference',
      './bin/a',
      '/kwasm-shim',
    ]);
    expect(pod.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).to.include.members([
      '/shims/a',
      '/shims/b',
    ]);
  });

  it('brings no image of another architecture', () => {
    const both = shim('spin', {
      sources: ['amd64', 'arm64'].map((arch) => ({ arch, image: { reference: reference(arch), path: 'spin' } })),
    });
    const pod = podOf([both], { mountsImages: true, kind: 'kubernetes, Debian, containerd 2.1, arm64' });
    expect(pod.volumes?.flatMap((one) => one.image?.reference ?? [])).to.deep.equal([reference('arm64')]);
  });
});
