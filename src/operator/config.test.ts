import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { resolveShim } from '../shims/resolve.ts';
import { type Config, type Environment, readConfig } from './config.ts';
import { CANARY_DEFAULTS } from './decide/canary-policy.ts';
import { ROLLOUT_DEFAULTS } from './decide/rollout/policy.ts';

const IMAGE = 'registry.example/kwasm-node-installer:1';
const env: Environment = {
  CONTROLLER_NAMESPACE: 'kwasm',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  KUBERNETES_SERVICE_PORT: '443',
};

describe('readConfig', () => {
  let file: string;
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'config-'));
    file = join(dir, 'config.yaml');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function given(yaml: string, more: Environment = {}, args: readonly string[] = []): Config {
    writeFileSync(file, yaml);
    return readConfig(['--config', file, ...args], { ...env, ...more });
  }
  const minimal = `installer: { image: "${IMAGE}" }`;

  it('fills in the documented defaults', () => {
    const { policy, ...rest } = given(minimal);
    expect(policy).to.deep.equal({
      namespace: 'kwasm',
      autoProvision: false,
      installer: {
        image: IMAGE,
        installImage: IMAGE,
        imagePullPolicy: 'IfNotPresent',
        imagePullSecrets: [],
        priorityClassName: '',
        tolerations: [],
        resources: {},
        env: [],
        caConfigMap: '',
        mirror: '',
        switchSeconds: 0,
        deadlineSeconds: 900,
        attemptsMax: 2,
        ttlSecondsAfterFinished: 3600,
      },
      runtimeClasses: [],
      shims: [resolveShim('wasmtime')],
      uninstall: { policy: 'Block', perNode: false, timeoutSeconds: 900 },
      rollout: ROLLOUT_DEFAULTS,
      drift: { proofHours: null },
      mode: 'jobs',
      canary: CANARY_DEFAULTS,
      startupTaint: '',
    });
    expect(rest).to.deep.equal({
      modules: undefined,
      metricsAddress: { host: undefined, port: 8080 },
      healthAddress: { host: undefined, port: 8081 },
      debugAddress: { host: '127.0.0.1', port: 8082 },
      logLevel: 'info',
      leaderElect: false,
      watchList: true,
      connection: { kind: 'inCluster', host: '10.0.0.1', port: '443' },
      version: 'dev',
      warnings: [],
    });
  });

  it('takes one canary image for our own handler, or one for each', () => {
    const images = (yaml: string) => given(`${minimal}\ncanary: ${yaml}`).policy.canary.images;
    expect(images('{ image: r/c:1 }')).to.deep.equal({ wasmtime: 'r/c:1' });
    expect(images('{ image: { spin: r/s:1, wasmtime: r/c:1 } }')).to.deep.equal({ spin: 'r/s:1', wasmtime: 'r/c:1' });
    expect(images('{ image: "" }')).to.deep.equal({});
  });

  it('looks after WasmModules only where it is told to', () => {
    const modules = (yaml: string) => given(`${minimal}\nwasmModules: ${yaml}`).modules;
    expect(modules('{}')).to.deep.equal({ runtimeClass: 'wasmtime', clusterDomain: 'cluster.local' });
    expect(modules('{ runtimeClass: mine }')).to.include({ runtimeClass: 'mine' });
    expect(() => modules('{ runtimeClass: "Not A Name" }')).to.throw(/wasmModules.runtimeClass: must be a valid name/);
  });

  it('runs its own installer only in mode daemonset', () => {
    const yaml = `${minimal}\nmode: daemonset`;
    expect(given(yaml).policy.mode).to.equal('daemonset');
    expect(() => given(yaml, { INSTALLER_IMAGE: 'x/y:1' })).to.throw(/mode daemonset.*x\/y:1/);
  });

  it("reads KWasm's environment", () => {
    const other = given(minimal, { AUTO_PROVISION_NODES: 'TRUE', INSTALLER_IMAGE: 'x/y:1', KWASM_VERSION: '1.2' });
    expect(other.policy.autoProvision).to.equal(true);
    expect(other.policy.installer).to.include({ image: IMAGE, installImage: 'x/y:1' });
    expect(other.version).to.equal('1.2');
    expect(given(minimal, { AUTO_PROVISION_NODES: 'yes', INSTALLER_IMAGE: '' }).policy).to.deep.include({
      autoProvision: false,
    });
    expect(given(minimal, { INSTALLER_IMAGE: '' }).policy.installer.installImage).to.equal(IMAGE);
  });

  it("reads KWasm's flags, however Go spells them", () => {
    const args = [
      '-metrics-bind-address=0',
      '--health-probe-bind-address',
      '[::1]:9',
      '--leader-elect',
      '--zap-devel=true',
    ];
    const config = given(minimal, {}, [...args, '--zap-log-level=5', '--zap-encoder=json']);
    expect(config).to.deep.include({
      metricsAddress: undefined,
      healthAddress: { host: '::1', port: 9 },
      leaderElect: true,
      logLevel: 'debug',
    });
  });

  it('warns about the archived installer, and takes it for a third-party image', () => {
    const archived = given(minimal, { INSTALLER_IMAGE: 'ghcr.io/kwasm/kwasm-node-installer:main' });
    expect(archived.warnings.join()).to.contain('archived');
    expect(given(minimal, { INSTALLER_IMAGE: 'ghcr.io/kwasm/kwasm-node-installer-fork:1' }).warnings).to.deep.equal([]);
  });

  it('runs off-cluster with a kubeconfig', () => {
    const connection = given(minimal, { KUBECONFIG: '/k' }).connection;
    expect(connection).to.deep.equal({ kind: 'kubeconfig', file: '/k' });
    expect(given(minimal, { KUBERNETES_SERVICE_HOST: undefined }).connection).to.deep.equal({
      kind: 'kubeconfig',
      file: undefined,
    });
  });

  const wrong: readonly { name: string; yaml: string; says: string }[] = [
    { name: 'no image', yaml: 'installer: {}', says: 'installer.image' },
    { name: 'nothing at all', yaml: 'null', says: '(top)' },
    { name: 'a misspelt key', yaml: `${minimal}\nrunTimeClasses: []`, says: 'runTimeClasses' },
    { name: 'a wrong type', yaml: `${minimal}\nrollout: { maxParallel: "2" }`, says: 'rollout.maxParallel' },
    { name: 'no slot at all', yaml: `${minimal}\nrollout: { maxParallel: 0 }`, says: 'rollout.maxParallel' },
    { name: 'a canary of no handler', yaml: `${minimal}\ncanary: { image: { "a b": x } }`, says: 'canary.image' },
    { name: 'a canary in a hurry', yaml: `${minimal}\ncanary: { deadlineSeconds: 1 }`, says: 'canary.deadlineSeconds' },
    {
      name: 'a deadline before the switch',
      yaml: `installer: { image: "${IMAGE}", deadlineSeconds: 200 }`,
      says: 'installer.deadlineSeconds: must be greater than switchSeconds',
    },
    {
      name: 'a class twice',
      yaml: `${minimal}\nruntimeClasses: [{ name: a, handler: b }, { name: a, handler: c }]`,
      says: 'runtimeClasses: names must differ',
    },
    {
      name: 'a handler that is no name',
      yaml: `${minimal}\nruntimeClasses: [{ name: a, handler: "a b" }]`,
      says: 'runtimeClasses.0.handler',
    },
    { name: 'a shim of no catalogue', yaml: `${minimal}\nshims: [spun]`, says: 'the catalogue has no spun' },
    { name: 'a shim twice', yaml: `${minimal}\nshims: [wasmtime, wasmtime]`, says: 'wasmtime is named twice' },
    {
      name: 'a mirror that is no URL',
      yaml: `installer: { image: "${IMAGE}", mirror: "mirror:80" }`,
      says: 'installer.mirror: must be a URL',
    },
    { name: 'no YAML', yaml: 'a: [', says: 'config.yaml: ' },
  ];
  for (const { name, yaml, says } of wrong) {
    it(`says where: ${name}`, () => expect(() => given(yaml)).to.throw(says));
  }

  it('knows that nobody named shims from that somebody named none', () => {
    expect(given(minimal).policy.shims.map(({ name }) => name)).to.deep.equal(['wasmtime']);
    expect(given(`${minimal}\nshims: []`).policy.shims).to.deep.equal([]);
  });

  it('says what is missing', () => {
    expect(() => readConfig(['--config', join(dir, 'none.yaml')], env)).to.throw('none.yaml');
    expect(() => given(minimal, { CONTROLLER_NAMESPACE: '' })).to.throw('CONTROLLER_NAMESPACE is not set');
    expect(() => given(minimal, {}, ['--metrics-bind-address=8080'])).to.throw('--metrics-bind-address is host:port');
    expect(() => given(minimal, {}, ['--zap-log-level=loud'])).to.throw('--zap-log-level');
  });
});
