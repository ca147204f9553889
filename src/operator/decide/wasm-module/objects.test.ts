import { expect } from 'chai';
import fc from 'fast-check';
import { parsePattern } from '../../../guest-network.ts';
import { parseQuantity } from '../../../quantity.ts';
import { objectsOf } from './objects.ts';
import { ANNOTATIONS, projectModule } from './parse.ts';
import type { ModuleSpec } from './view.ts';
import { wasiConfig } from './wasi-config.ts';

const policy = { runtimeClass: 'wasmtime', clusterDomain: 'cluster.local' };

function made(spec: Readonly<Record<string, unknown>>, annotations: Readonly<Record<string, string>> = {}) {
  const module = projectModule({
    metadata: { name: 'hello', namespace: 'shop', uid: 'u1', labels: { team: 'a' }, annotations },
    spec: { image: 'oci://registry.example/hello@sha256:00', ...spec },
  });
  if (module.spec.kind === 'invalid') throw new Error(module.spec.problems.join());
  return { ...objectsOf(module, module.spec.spec, policy), spec: module.spec.spec };
}

function podOf({ deployment }: { readonly deployment: ReturnType<typeof objectsOf>['deployment'] }) {
  return deployment.spec?.template.spec;
}

describe('objectsOf', () => {
  it('runs the module on nodes that were provisioned, with the policy beside its own environment', () => {
    const pod = podOf(made({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }));
    expect(pod?.runtimeClassName).to.equal('wasmtime');
    expect(pod?.containers[0]).to.include({ image: 'registry.example/hello@sha256:00', name: 'user-container' });
    expect(pod?.containers[0]?.env).to.deep.equal([
      { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'WASI_CONFIG', value: '{}' },
    ]);
  });

  it('is owned by the module, and bears its labels', () => {
    const { deployment, service, networkPolicy } = made({});
    for (const { metadata } of [deployment, service, networkPolicy]) {
      expect(metadata?.ownerReferences?.[0]).to.include({ kind: 'WasmModule', uid: 'u1', controller: true });
      expect(metadata?.labels).to.include({ team: 'a' });
    }
    expect(service.spec?.selector).to.deep.equal({ 'serving.knative.dev/service': 'hello' });
  });

  it('scales only where it is asked to, and then leaves the number to the autoscaler', () => {
    expect(made({}).autoscaler).to.equal(undefined);
    expect(made({}).deployment.spec?.replicas).to.equal(1);
    const scaled = made({}, { [ANNOTATIONS.maxReplicas]: '5', [ANNOTATIONS.cpuPercent]: '50' });
    expect(scaled.autoscaler?.spec).to.include({ minReplicas: 1, maxReplicas: 5 });
    expect(scaled.deployment.spec).to.not.have.property('replicas');
  });

  it('asks for some of the processor where an autoscaler needs a share to count by, and says nothing otherwise', () => {
    const many = { [ANNOTATIONS.maxReplicas]: '5' };
    const requested = (spec: Readonly<Record<string, unknown>>, annotations = many) =>
      podOf(made(spec, annotations))?.containers[0]?.resources;
    expect(requested({})).to.deep.equal({ requests: { cpu: '100m' } });
    expect(requested({ resources: { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } } })).to.deep.equal({
      requests: { memory: '1Gi', cpu: '100m' },
      limits: { memory: '2Gi' },
    });
    for (const kind of ['requests', 'limits']) {
      const said = { [kind]: { cpu: '1' } };
      expect(requested({ resources: said })).to.deep.equal(said);
    }
    expect(requested({}, { [ANNOTATIONS.maxReplicas]: '1' })).to.deep.equal({});
  });

  it('is reached from outside only where it is asked to be', () => {
    expect(made({}).ingress).to.equal(undefined);
    const { ingress } = made({}, { [ANNOTATIONS.ingressHost]: 'hello.example', [ANNOTATIONS.ingressClass]: 'nginx' });
    expect(ingress?.spec?.rules?.[0]?.host).to.equal('hello.example');
    expect(ingress?.spec?.ingressClassName).to.equal('nginx');
  });

  it('closes the network for the cluster, too, unless it is said otherwise', () => {
    expect(made({}).networkPolicy.spec).to.deep.include({ policyTypes: ['Egress'], egress: [] });
    expect(made({ network: { inherit: true } }).networkPolicy.spec?.egress).to.deep.equal([{}]);
    const { egress } = made({ network: { tcp: { connect: ['10.0.0.7:5432', 'db:80'] } } }).networkPolicy.spec ?? {};
    expect(egress).to.deep.equal([
      { ports: [{ protocol: 'TCP', port: 5432 }], to: [{ ipBlock: { cidr: '10.0.0.7/32' } }] },
      { ports: [{ protocol: 'TCP', port: 80 }] },
      {
        ports: [
          { protocol: 'UDP', port: 53 },
          { protocol: 'TCP', port: 53 },
        ],
      },
    ]);
  });
});

describe('wasiConfig', () => {
  const config = (spec: Readonly<Record<string, unknown>>, annotations = {}) =>
    wasiConfig(made(spec, annotations).spec as ModuleSpec);

  it("leaves empty parts out, and writes the runner's names", () => {
    expect(config({})).to.deep.equal({});
    const network = { tcp: { connect: ['db:5432'] }, udp: { outgoing: ['*:53'] } };
    expect(config({ network })).to.deep.equal({
      network: { allowIpNameLookup: true, tcpConnect: ['db:5432'], udpOutgoing: ['*:53'] },
    });
  });

  it('gives one instance half of the memory of its pod', () => {
    expect(config({ resources: { limits: { memory: '1.5Gi' } } })).to.deep.equal({
      limits: { memoryBytes: 805_306_368 },
    });
    expect(config({}, { [ANNOTATIONS.requestSeconds]: '5' })).to.deep.equal({ limits: { requestSeconds: 5 } });
  });
});

describe('parseQuantity', () => {
  const cases = {
    '128Mi': 2 ** 27,
    '1.5Gi': 1.5 * 2 ** 30,
    '1e9': 1e9,
    '100m': 0.1,
    '2': 2,
    '.5k': 500,
    '1E': 1e18,
  } as const;
  for (const [text, value] of Object.entries(cases))
    it(text, () => expect(parseQuantity(text)).to.be.closeTo(value, value / 1e9));
  for (const text of ['', '1 Gi', 'Gi', '1gi', '0x10', '1Gi2', 'NaN']) {
    it(`is none: ${JSON.stringify(text)}`, () => expect(parseQuantity(text)).to.equal(undefined));
  }
});

describe('parsePattern', () => {
  it('takes any address and any name with any port, and nothing without one', () => {
    const hosts = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
      fc.domain(),
      fc.constant('*'),
    );
    fc.assert(
      fc.property(hosts, fc.oneof(fc.nat(65_535).map(String), fc.constant('*')), (host, port) => {
        const target = parsePattern(`${host}:${port}`);
        expect(target?.port).to.equal(port === '*' ? undefined : Number(port));
      }),
    );
    for (const text of ['db', ':80', 'a b:1', 'db:http', 'db:65536', '10.0.0.0/8:80'])
      expect(parsePattern(text), text).to.equal(undefined);
  });
});
