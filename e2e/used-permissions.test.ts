import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { V1ClusterRole, V1Lease, V1RuntimeClass } from '@kubernetes/client-node';
import { expect } from 'chai';
import { loadAll } from 'js-yaml';
import { eventually } from './harness/eventually.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { kwasmCondition, provisioned } from './harness/nodes.ts';
import { helm, installRelease, RELEASE, removeRelease } from './harness/release.ts';
import { RCM_SHIMS, rcmCrd, rcmShim } from './harness/runtime-class-manager.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

interface AuditEvent {
  readonly verb: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly apiGroup?: string };
  readonly responseStatus?: { readonly code?: number };
}

const ACCOUNT = `system:serviceaccount:${NAMESPACE}:kwasm-operator`;

/**
 * Least privilege, proved: a node comes and goes, a RuntimeClass is made anew, a server without watch-list and two
 * replicas are served; then the API server's audit log is held against what the chart grants.
 */
describe('the permissions of the operator', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;
  let since: string;

  before(async () => {
    test = await testCluster();
    const first = test.nodes[0];
    if (first === undefined) throw new Error('the cluster has no node');
    node = first.name;
    since = new Date().toISOString();
    await test.kubectl.run(['delete', 'runtimeclass', 'wasmtime', '--ignore-not-found']);
    await installRelease(test);
  });

  after(async () => {
    if ((await test.kubectl.run(['get', 'crd', RCM_SHIMS, '--ignore-not-found'])) !== '') {
      const patch = '{"metadata":{"finalizers":null}}';
      await test.kubectl.run(['patch', RCM_SHIMS, 'spin-v2', '--type=merge', '-p', patch]);
      await test.kubectl.run(['delete', 'crd', RCM_SHIMS]);
    }
    await removeRelease(test);
  });

  it('suffice for a node that comes and goes', async () => {
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node-']);
    await eventually(`${node}: undone`, 180_000, async () =>
      (await kwasmCondition(test.kubectl, node)) === undefined ? true : undefined,
    );
    await test.kubectl.get<V1RuntimeClass>(['runtimeclass', 'wasmtime']);
  });

  it('suffice for Shims that the values name, name no more, and that runtime-class-manager left', async () => {
    const sources = 'kwasmOperator.shims[1].sources[0]';
    await installRelease(test, [
      'kwasmOperator.shims[0]=wasmtime',
      'kwasmOperator.shims[1].name=other',
      'kwasmOperator.shims[1].handler=other',
      'kwasmOperator.shims[1].version=1.0.0',
      'kwasmOperator.shims[1].binary=containerd-shim-other-v1',
      `${sources}.arch=amd64`,
      `${sources}.https.url=https://example.com/other`,
      `${sources}.https.sha256=${'a'.repeat(64)}`,
      'kwasmOperator.shims[1].runtimeClasses[0].name=other',
    ]);
    await eventually('a RuntimeClass of the Shim', 60_000, async () => {
      const found = await test.kubectl.run(['get', 'runtimeclass', 'other', '--ignore-not-found']);
      return found === '' ? undefined : true;
    });
    await test.kubectl.apply(rcmCrd);
    await test.kubectl.run(['wait', '--for=condition=Established', `crd/${RCM_SHIMS}`, '--timeout=30s']);
    await test.kubectl.apply(rcmShim('spin-v2', [], { spin: 'true' }));
    await installRelease(test); // a new operator: the old one would look for the CRD once a minute
    await test.kubectl.run(['wait', '--for=delete', 'shims.kwasm.sh/other', 'runtimeclass/other', '--timeout=60s']);
    await eventually('what is said of a Shim in its own operator’s hands', 30_000, async (seen) => {
      const text = await test.kubectl.run([
        'get',
        RCM_SHIMS,
        'spin-v2',
        '-o',
        'jsonpath={.status.conditions[*].reason}',
      ]);
      seen(text);
      return text.includes('HeldByOther') ? true : undefined;
    });
  });

  it('suffice for two replicas, on a server without watch-list', async () => {
    await installRelease(test, ['replicaCount=2', 'kwasmOperator.watchList=false']);
    await eventually('a leader that stays one', 60_000, async (seen) => {
      const { items } = await test.kubectl.get<{ items: V1Lease[] }>(['leases', '-n', NAMESPACE]);
      seen(JSON.stringify(items));
      const renewed = ({ spec }: V1Lease) => spec?.holderIdentity !== '' && spec?.renewTime !== spec?.acquireTime;
      return items.some(renewed) ? true : undefined;
    });
  });

  it('are all used, and nothing was refused', async () => {
    const { used, refused } = await asked();
    const granted = await grants();
    expect(granted.size).to.be.greaterThan(10);
    expect([...granted].filter((grant) => !used.has(grant)).sort(), 'granted, never used').to.deep.equal([]);
    expect([...refused].sort(), 'asked for, refused').to.deep.equal([]);
  });

  async function asked() {
    const used = new Set<string>();
    const refused = new Set<string>();
    for await (const line of createInterface({ input: createReadStream(test.cluster.auditLog) })) {
      if (!line.includes(ACCOUNT)) continue;
      const { verb, user, objectRef, responseStatus, requestReceivedTimestamp } = JSON.parse(line) as AuditEvent;
      if (objectRef === undefined || user.username !== ACCOUNT || requestReceivedTimestamp < since) continue;
      const { resource, subresource, apiGroup = '' } = objectRef;
      const of = `${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
      const code = responseStatus?.code ?? 0;
      if (code === 403) refused.add(`${verb} ${of}`);
      else used.add(`${verb} ${of}`);
      // A server-side apply that makes its object needs both verbs and is logged under the one.
      if (verb === 'patch' && code === 201) used.add(`create ${of}`);
    }
    return { used, refused };
  }

  async function grants(): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    const manifest = await helm(test, ['get', 'manifest', RELEASE, '--namespace', NAMESPACE]);
    for (const document of loadAll(manifest) as (V1ClusterRole | null)[]) {
      if (document?.kind !== 'ClusterRole' && document?.kind !== 'Role') continue;
      for (const { verbs, apiGroups = [], resources = [] } of document.rules ?? []) {
        for (const group of apiGroups) {
          for (const resource of resources) for (const verb of verbs) found.add(`${verb} ${group}/${resource}`);
        }
      }
    }
    return found;
  }
});
