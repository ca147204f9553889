import { expect } from 'chai';
import { functionShape } from '../function-shape.ts';
import { editedEnv, envVars } from './env-vars.ts';
import { goDuration } from './go-duration.ts';
import { imageName, pinned, renamed } from './image-name.ts';
import { knativeService, wasmModule } from './wasm-module.ts';

const IMAGE = 'registry.example/me/hello:latest@sha256:00';

function wanted(more: object = {}, local: Readonly<Record<string, string>> = {}) {
  const base = { name: 'hello', runtime: 'ts-wasi', created: '2026-01-01T00:00:00Z' };
  return { file: functionShape.parse({ ...base, ...more }), namespace: 'shop', image: IMAGE, local };
}

describe('wasmModule', () => {
  it('bears the names by which func finds its functions', () => {
    const deploy = { labels: [{ key: 'team', value: '{{ env:TEAM }}' }], annotations: { a: 'b' } };
    const { manifest, notes } = wasmModule(wanted({ deploy }, { TEAM: 'shop' }));
    expect(manifest).to.deep.equal({
      apiVersion: 'wasm.serving.knative.dev/v1alpha1',
      kind: 'WasmModule',
      metadata: {
        name: 'hello',
        namespace: 'shop',
        labels: {
          team: 'shop',
          'boson.dev/function': 'true',
          'function.knative.dev/name': 'hello',
          'function.knative.dev/runtime': 'ts-wasi',
        },
        annotations: { a: 'b', 'function.knative.dev/deployer': 'wasm' },
      },
      spec: { image: IMAGE, resources: { requests: { cpu: '100m' } } },
    });
    expect(notes).to.deep.equal([]);
  });

  it('has of func.yaml what the kind has a field for', () => {
    const { manifest } = wasmModule(
      wanted({
        run: {
          args: ['--verbose'],
          envs: [{ name: 'A', value: 'b' }],
          volumes: [
            { secret: 'my.secret', path: '/s' },
            { emptyDir: {}, path: '/tmp' },
          ],
        },
        deploy: {
          network: { tcp: { connect: ['db:5432'] } },
          options: { resources: { limits: { memory: '128Mi' } }, scale: { min: 2, max: 5, utilization: 70 } },
        },
      }),
    );
    expect(manifest.spec).to.deep.equal({
      image: IMAGE,
      args: ['--verbose'],
      env: [{ name: 'A', value: 'b' }],
      volumes: [
        { name: 'secret-my-secret', secret: { secretName: 'my.secret' } },
        { name: 'empty-1', emptyDir: {} },
      ],
      volumeMounts: [
        { name: 'secret-my-secret', mountPath: '/s' },
        { name: 'empty-1', mountPath: '/tmp' },
      ],
      resources: { requests: { cpu: '100m' }, limits: { memory: '128Mi' } },
      network: {
        inherit: false,
        allowIpNameLookup: true,
        tcp: { bind: [], connect: ['db:5432'] },
        udp: { bind: [], connect: [], outgoing: [] },
      },
    });
    expect(manifest.metadata.annotations).to.include({
      'kwasm.sh/min-replicas': '2',
      'kwasm.sh/max-replicas': '5',
      'kwasm.sh/target-cpu-percent': '70',
    });
  });

  it('requests some of the processor, unless func.yaml says how much: a pod that requests none starves on a busy node', () => {
    const of = (resources: object) => wasmModule(wanted({ deploy: { options: { resources } } })).manifest.spec;
    const given = (resources: object) => of(resources)['resources'];
    expect(given({ requests: { memory: '64Mi' } })).to.deep.equal({ requests: { cpu: '100m', memory: '64Mi' } });
    expect(given({ requests: { cpu: '20m' } })).to.deep.equal({ requests: { cpu: '20m' } });
    expect(given({ requests: { cpu: '0' } })).to.deep.equal({ requests: { cpu: '0' } });
    // The API server takes the limit for the request where there is none.
    expect(given({ limits: { cpu: '50m' } })).to.deep.equal({ limits: { cpu: '50m' } });
  });

  it('says what of func.yaml comes to nothing', () => {
    const options = { scale: { min: 0, metric: 'rps' }, resources: { limits: { concurrency: 10 } } };
    const { notes } = wasmModule(wanted({ deploy: { options, serviceAccountName: 'me' } }));
    expect(notes.join('\n')).to.match(/scale to zero[\s\S]*scales by CPU[\s\S]*serviceAccountName[\s\S]*concurrency/);
  });

  it('refuses what would be another thing in the cluster than in func.yaml', () => {
    expect(() => wasmModule(wanted({ run: { volumes: [{ secret: 's' }] } }))).to.throw('path is missing');
    expect(() => wasmModule(wanted({ deploy: { labels: [{ key: 'a', value: 'b c' }] } }))).to.throw(
      'no value of a label',
    );
  });
});

describe('knativeService', () => {
  it('runs in the RuntimeClass, with the policy in its environment and its scale as Knative has it', () => {
    const file = { deploy: { options: { scale: { min: 0, max: 3 } } }, run: { envs: [{ name: 'A', value: 'b' }] } };
    const { manifest } = knativeService(wanted(file), 'wasmtime', { limits: {} });
    expect(manifest).to.include({ apiVersion: 'serving.knative.dev/v1', kind: 'Service' });
    expect(manifest.metadata.annotations).to.deep.equal({ 'function.knative.dev/deployer': 'knative' });
    const { template } = manifest.spec as { template: { metadata: { annotations: object }; spec: object } };
    expect(template.metadata.annotations).to.deep.equal({
      'autoscaling.knative.dev/min-scale': '0',
      'autoscaling.knative.dev/max-scale': '3',
    });
    expect(template.spec).to.deep.equal({
      runtimeClassName: 'wasmtime',
      containers: [
        {
          image: IMAGE,
          resources: { requests: { cpu: '100m' } },
          env: [
            { name: 'A', value: 'b' },
            { name: 'WASI_CONFIG', value: '{"limits":{}}' },
          ],
          ports: [{ containerPort: 8080 }],
        },
      ],
    });
  });
});

describe('envVars', () => {
  it('reads what is the caller’s own now, and leaves to the kubelet what is the cluster’s', () => {
    const entries = [
      { name: 'A', value: '{{ env:HOME_OF_A }}' },
      { name: 'B', value: '{{ secret:s:k }}' },
      { name: 'C', value: '{{ configMap:c:k }}' },
    ];
    expect(envVars(entries, { HOME_OF_A: 'x' })).to.deep.equal([
      { name: 'A', value: 'x' },
      { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
    ]);
    expect(() => envVars(entries, {})).to.throw('HOME_OF_A is not set');
    expect(() => envVars([{ value: '{{ secret:s }}' }], {})).to.throw('{{ secret:s:KEY }}');
  });

  it('is edited by --env as by func', () => {
    const entries = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ];
    expect(editedEnv(entries, ['A=x=y', 'C=', 'B-'])).to.deep.equal([
      { name: 'A', value: 'x=y' },
      { name: 'C', value: '' },
    ]);
    expect(() => editedEnv([], ['nothing'])).to.throw('NAME=VALUE');
  });
});

describe('renamed', () => {
  it('moves the image of before to the registry that is named now', () => {
    expect(renamed('old.example/me/hello:v1', 'new.example/team/')).to.deep.equal({
      image: 'new.example/team/hello:v1',
    });
    for (const [image, registry] of [
      [undefined, 'new.example'],
      ['old.example/hello', undefined],
      ['new.example/me/hello:v1', 'new.example/me'],
    ] as const)
      expect(renamed(image, registry)).to.deep.equal({});
  });
});

describe('imageName', () => {
  it('is what was named, else the registry’s', () => {
    const name = 'hello';
    expect(imageName({ image: 'ghcr.io/me/x:1', registry: 'r.example', name })).to.equal('ghcr.io/me/x:1');
    expect(imageName({ image: undefined, registry: 'r.example/me/', name })).to.equal('r.example/me/hello:latest');
    expect(imageName({ image: '', registry: 'alice', name })).to.equal('docker.io/alice/hello:latest');
    expect(() => imageName({ image: undefined, registry: '', name })).to.throw('no image reference configured');
  });

  it('is deployed with its digest', () => {
    expect(pinned('r.example/hello:1', 'sha256:ab')).to.equal('r.example/hello:1@sha256:ab');
  });
});

it('goDuration', () => {
  const cases = { 45: '45s', 120: '2m0s', 90: '1m30s', 3600: '1h0m0s', 5025: '1h23m45s' } as const;
  for (const [seconds, text] of Object.entries(cases)) expect(goDuration(Number(seconds) * 1000)).to.equal(text);
});
