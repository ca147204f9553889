import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { V1ClusterRole } from '@kubernetes/client-node';
import { expect } from 'chai';
import yaml from 'js-yaml';
import { helm, NAMESPACE, RELEASE } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly apiGroup?: string };
  readonly responseStatus?: { readonly code?: number };
}

/**
 * Least privilege, proved: what the API server's audit log holds of the operator during the other stories, against what
 * the chart grants it. It has to run after them; alone it finds too little.
 */
describe('the permissions of the operator', function () {
  this.timeout(120_000);
  let test: TestCluster;

  before(async () => {
    test = await testCluster();
  });

  it('are all used, and nothing was refused', async () => {
    const account = `system:serviceaccount:${NAMESPACE}:kwasm-operator`;
    const used = new Set<string>();
    const refused = new Set<string>();
    for await (const line of createInterface({ input: createReadStream(test.cluster.auditLog) })) {
      if (!line.includes(account)) continue;
      const event = JSON.parse(line) as AuditEvent;
      const code = event.responseStatus?.code ?? 0;
      if (event.objectRef === undefined || event.user.username !== account) continue;
      const { resource, subresource, apiGroup = '' } = event.objectRef;
      const name = `${event.verb} ${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`}`;
      if (code === 403) refused.add(name);
      else used.add(name);
    }
    const granted = await grants();
    expect([...granted].filter((grant) => !used.has(grant)).sort(), 'granted, never used').to.deep.equal([]);
    expect([...refused].sort(), 'asked for, refused').to.deep.equal([]);
  });

  async function grants(): Promise<ReadonlySet<string>> {
    const chart = await helm(test, ['get', 'manifest', RELEASE, '--namespace', NAMESPACE]).catch(() => renderChart());
    const found = new Set<string>();
    for (const document of yaml.loadAll(chart) as (V1ClusterRole | null)[]) {
      if (document?.kind !== 'ClusterRole' && document?.kind !== 'Role') continue;
      for (const { verbs, apiGroups = [], resources = [] } of document.rules ?? []) {
        for (const verb of verbs)
          for (const group of apiGroups) for (const resource of resources) found.add(`${verb} ${group}/${resource}`);
      }
    }
    expect(found.size).to.be.greaterThan(5);
    return found;
  }

  async function renderChart(): Promise<string> {
    const chart = new URL('../helm/kwasm-operator', import.meta.url).pathname;
    return helm(test, [
      'template',
      RELEASE,
      chart,
      '--namespace',
      NAMESPACE,
      '--set',
      `imageRegistry=${test.images.registry}`,
    ]);
  }
});
