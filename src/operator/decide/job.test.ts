import type { V1Job, V1PodSpec } from '@kubernetes/client-node';
import { expect } from 'chai';
import { guardedPolicy, nodeView, policy, THIRD_PARTY } from './examples.ts';
import { installJob, uninstallJob } from './job.ts';
import * as options from './options.ts';
import type { InstallerPolicy, Policy } from './policy.ts';
import { projectJob } from './project.ts';

function podOf(job: V1Job): V1PodSpec {
  const pod = job.spec?.template.spec;
  if (pod === undefined || pod === null) throw new Error('the Job has no pod');
  return pod;
}

function withInstaller(change: Partial<InstallerPolicy>): Policy {
  return { ...policy, installer: { ...policy.installer, ...change } };
}

describe('installJob', () => {
  it("keeps KWasm's contract", () => {
    const job = installJob(nodeView(), policy);
    const pod = podOf(job);
    expect(job.metadata?.name).to.equal('n1-provision-kwasm');
    expect(job.metadata?.namespace).to.equal('kwasm');
    expect(job.metadata?.labels).to.include({ 'kwasm.sh/job': 'true', 'kwasm.sh/action': 'install' });
    expect(job.metadata?.ownerReferences).to.deep.equal([
      { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-uid-1', controller: true },
    ]);
    expect(pod).to.include({ nodeName: 'n1', hostPID: true, restartPolicy: 'Never' });
    expect(pod.volumes).to.deep.equal([{ name: 'root-mount', hostPath: { path: '/' } }]);
    expect(pod.containers).to.have.length(1);
    const [container] = pod.containers;
    expect(container?.name).to.equal('kwasm-provision');
    expect(container?.securityContext).to.deep.equal({ privileged: true, readOnlyRootFilesystem: true });
    expect(container?.volumeMounts).to.deep.equal([{ name: 'root-mount', mountPath: '/mnt/node-root' }]);
    expect(container?.env).to.deep.include({ name: 'NODE_ROOT', value: '/mnt/node-root' });
    const podUid = { name: 'KWASM_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } };
    expect(container?.env, 'the containerd that it finds must be the one that runs it').to.deep.include(podUid);
    expect(container?.args, "the image's own command").to.equal(undefined);
  });

  it('carries no API token, and labels its pods for the watch', () => {
    const job = installJob(nodeView(), policy);
    expect(podOf(job).automountServiceAccountToken).to.equal(false);
    expect(job.spec?.template.metadata?.labels).to.include({ 'kwasm.sh/job': 'true' });
  });

  it('is bounded, and ends at once on an exit code that only a person can act on', () => {
    const { spec } = installJob(nodeView(), withInstaller({ deadlineSeconds: 600, attemptsMax: 1 }));
    expect(spec).to.include({ activeDeadlineSeconds: 600, backoffLimit: 1, ttlSecondsAfterFinished: 3600 });
    expect(spec?.podFailurePolicy?.rules[0]).to.deep.equal({
      action: 'FailJob',
      onExitCodes: { operator: 'In', values: [10, 11, 12] },
    });
  });

  it('tolerates what its own restart of containerd does to the node', () => {
    const keys = podOf(installJob(nodeView(), policy)).tolerations?.map(({ key }) => key);
    expect(keys).to.include.members([
      'node.kubernetes.io/not-ready',
      'node.kubernetes.io/unreachable',
      'node.kubernetes.io/unschedulable',
      'node-role.kubernetes.io/control-plane',
    ]);
  });

  it('takes what people configured', () => {
    const pod = podOf(
      installJob(
        nodeView(),
        withInstaller({
          imagePullSecrets: [{ name: 's' }],
          priorityClassName: 'system-node-critical',
          tolerations: [{ key: 'gpu', operator: 'Exists' }],
          resources: { limits: { memory: '256Mi' } },
          env: [
            { name: 'HTTPS_PROXY', value: 'http://proxy' },
            { name: 'NODE_ROOT', value: '/elsewhere' },
          ],
          caConfigMap: 'company-ca',
        }),
      ),
    );
    expect(pod.imagePullSecrets).to.deep.equal([{ name: 's' }]);
    expect(pod.priorityClassName).to.equal('system-node-critical');
    expect(pod.tolerations).to.deep.include({ key: 'gpu', operator: 'Exists' });
    const [container] = pod.containers;
    expect(container?.resources).to.deep.equal({ limits: { memory: '256Mi' } });
    expect(container?.env).to.deep.include({ name: 'HTTPS_PROXY', value: 'http://proxy' });
    expect(container?.env?.filter(({ name }) => name === 'NODE_ROOT')).to.deep.equal([
      { name: 'NODE_ROOT', value: '/mnt/node-root' },
    ]);
    expect(container?.env).to.deep.include({ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/kwasm/ca/ca.crt' });
    expect(pod.volumes).to.deep.include({ name: 'ca', configMap: { name: 'company-ca' } });
  });

  it("is known by the image that installs, and shows that one's log, whatever stands beside it", () => {
    const job = installJob(nodeView(), guardedPolicy);
    expect(projectJob(job).image).to.equal(THIRD_PARTY);
    expect(job.spec?.template.metadata?.annotations).to.deep.equal({
      'kubectl.kubernetes.io/default-container': 'kwasm-provision',
    });
  });

  it('puts a third-party installer behind our containers and leaves it as it is', () => {
    const pod = podOf(installJob(nodeView(), guardedPolicy));
    const ours = guardedPolicy.installer.image;
    expect(pod.initContainers?.map(({ name, image, args }) => ({ name, image, args }))).to.deep.equal([
      { name: 'kwasm-arm', image: ours, args: ['guard-arm'] },
    ]);
    expect(pod.containers.map(({ name, image, args }) => ({ name, image, args }))).to.deep.equal([
      { name: 'kwasm-guard', image: ours, args: ['guard-watch'] },
      { name: 'kwasm-provision', image: THIRD_PARTY, args: undefined },
    ]);
    expect(pod.containers[1]?.env).to.deep.equal([{ name: 'NODE_ROOT', value: '/mnt/node-root' }]);
    const guardEnv = pod.containers[0]?.env?.map(({ name }) => name);
    expect(guardEnv).to.deep.equal(['NODE_ROOT', 'KWASM_MACHINE_ID', 'KWASM_POD_UID']);
    for (const container of options.containersOf(pod)) {
      expect(container.volumeMounts).to.deep.equal([{ name: 'root-mount', mountPath: '/mnt/node-root' }]);
      const own = container.image === ours ? { readOnlyRootFilesystem: true } : {};
      expect(container.securityContext).to.deep.equal({ privileged: true, ...own });
    }
  });
});

describe('uninstallJob', () => {
  it('is always our own image, on any taint', () => {
    const job = uninstallJob(nodeView(), guardedPolicy);
    const pod = podOf(job);
    expect(job.metadata?.name).to.equal('n1-unprovision-kwasm');
    expect(pod.initContainers).to.equal(undefined);
    expect(pod.containers.map(({ image, args }) => ({ image, args }))).to.deep.equal([
      { image: guardedPolicy.installer.image, args: ['uninstall'] },
    ]);
    expect(pod.tolerations).to.deep.equal([{ operator: 'Exists' }]);
  });
});

describe('each pod option', () => {
  const fresh = (): V1PodSpec => ({ restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] });
  const cases: readonly { name: string; option: options.PodOption; changes: readonly string[] }[] = [
    { name: 'pinTo', option: options.pinTo('n'), changes: ['nodeName'] },
    { name: 'hostPid', option: options.hostPid, changes: ['hostPID'] },
    { name: 'noApiToken', option: options.noApiToken, changes: ['automountServiceAccountToken'] },
    { name: 'hostRoot', option: options.hostRoot, changes: ['containers', 'volumes'] },
    { name: 'tolerateNodeTrouble', option: options.tolerateNodeTrouble([]), changes: ['tolerations'] },
    { name: 'tolerateEverything', option: options.tolerateEverything, changes: ['tolerations'] },
    { name: 'pullSecrets', option: options.pullSecrets([{ name: 's' }]), changes: ['imagePullSecrets'] },
    { name: 'pullSecrets of none', option: options.pullSecrets([]), changes: [] },
    { name: 'priority', option: options.priority('p'), changes: ['priorityClassName'] },
    { name: 'priority of none', option: options.priority(''), changes: [] },
    { name: 'caBundle', option: options.caBundle('c'), changes: ['containers', 'volumes'] },
    { name: 'caBundle of none', option: options.caBundle(''), changes: [] },
  ];
  for (const { name, option, changes } of cases) {
    it(`${name} changes ${changes.join(' and ') || 'nothing'}`, () => {
      const pod = fresh();
      option(pod);
      const before = JSON.parse(JSON.stringify(fresh()));
      const after = JSON.parse(JSON.stringify(pod));
      const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
      expect(keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))).to.deep.equal(changes);
    });
  }
});
