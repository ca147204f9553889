import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1ClusterRole, V1DaemonSet, V1Job, V1Lease, V1Pod, V1Role, V1Service } from '@kubernetes/client-node';
import { expect } from 'chai';
import { dump, load } from 'js-yaml';
import { CHART, helmProgram, render } from '../scripts/chart/helm.ts';
import { manifest, PLACEHOLDER } from '../scripts/chart/manifest.ts';
import { command } from '../scripts/cluster/command.ts';
import { type GoTool, helm, helm3 } from '../scripts/cluster/go-tools.ts';
import { progressTo } from '../scripts/cluster/progress.ts';
import { messageOf } from '../src/errors.ts';
import { readConfig } from '../src/operator/config.ts';
import { ROLLOUT_DEFAULTS } from '../src/operator/decide/rollout/policy.ts';
import { Rendered } from './harness/rendered.ts';

const OLD_VALUES = new URL('./fixtures/kwasm-0.2.3/values.yaml', import.meta.url).pathname;
const VERSION = (load(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as { version: string }).version;
const R = 'imageRegistry=registry.example:5000/team';
const OURS = `registry.example:5000/team/kwasm-node-installer:${VERSION}`;
const OPERATOR = `registry.example:5000/team/kwasm-operator:${VERSION}`;
const SPIN = 'ghcr.io/spinframework/containerd-shim-spin/node-installer:v0.23.0';
const ARCHIVED = 'ghcr.io/kwasm/kwasm-node-installer';
const BUILD_MS = 20 * 60_000;

const versions: readonly (readonly [string, GoTool])[] = [
  ['Helm 4', helm],
  ['Helm 3', helm3],
];
for (const [name, tool] of versions) describe(`the chart with ${name}`, () => chartStories(tool));

function chartStories(tool: GoTool): void {
  let program: string;
  let temporary: string;
  /** This chart with the values of 0.2.3 and no others: what --reuse-values makes of it. */
  let reused: string;

  before(async function () {
    this.timeout(BUILD_MS);
    program = await helmProgram(
      progressTo((line) => console.error(line)),
      tool,
    );
    temporary = mkdtempSync(join(tmpdir(), 'kwasm-chart-'));
    reused = join(temporary, 'reused');
    cpSync(CHART, reused, { recursive: true });
    cpSync(OLD_VALUES, join(reused, 'values.yaml'));
  });
  after(() => rmSync(temporary, { recursive: true, force: true }));

  async function rendered(
    set: readonly string[],
    options: { chart?: string; release?: string; args?: readonly string[] } = {},
  ) {
    return new Rendered(await render(program, { set, ...options }));
  }

  async function refusal(set: readonly string[], chart = CHART): Promise<string> {
    try {
      await render(program, { set, chart });
    } catch (error) {
      return messageOf(error);
    }
    throw new Error(`${set.join(' ')} was not refused`);
  }

  it('passes helm lint --strict', async () => {
    expect(await command(program, ['lint', '--strict', CHART, '--set', R])).to.contain('0 chart(s) failed');
  });

  describe('keeps what KWasm 0.2.3 had', () => {
    const names = [
      { release: 'kwasm-operator', set: [], name: 'kwasm-operator' },
      { release: 'kwasm', set: [], name: 'kwasm-kwasm-operator' },
      { release: 'my-kwasm-operator', set: [], name: 'my-kwasm-operator' },
      { release: 'x', set: ['nameOverride=wasm'], name: 'x-wasm' },
      { release: 'x', set: ['fullnameOverride=wasm'], name: 'wasm' },
      { release: 'x', set: [`fullnameOverride=${'n'.repeat(62)}-tail`], name: 'n'.repeat(62) },
    ];
    for (const { release, set, name } of names) {
      it(`release ${release} ${set.join(' ').slice(0, 40)} names its objects ${name.slice(0, 24)}`, async () => {
        const chart = await rendered([R, ...set], { release });
        for (const kind of ['Deployment', 'Service', 'ConfigMap']) {
          expect(chart.one(kind).metadata?.name, kind).to.equal(name);
        }
        for (const kind of ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']) {
          expect(chart.one(kind, name).metadata?.name).to.equal(name);
        }
      });
    }

    it('names that look like numbers are names', async () => {
      const numbers = [
        'nameOverride=42',
        'serviceAccount.name=7',
        'metrics.dashboard.namespace=0',
        'kwasmOperator.installer.caConfigMap=1e3',
        'kwasmOperator.installer.priorityClassName=5',
        'kwasmOperator.runtimeClasses[0].name=1',
        'kwasmOperator.runtimeClasses[0].handler=1',
      ];
      const on = ['cleanup.onUninstall=true', 'metrics.dashboard.enabled=true', 'kwasmOperator.mode=daemonset'];
      const args = ['--namespace', '9', ...numbers.flatMap((one) => ['--set-string', one])];
      const chart = await rendered([R, ...on], { release: '123', args });
      for (const { metadata } of chart.objects) {
        const { name, namespace = '', labels = {} } = metadata ?? {};
        for (const text of [name, namespace, ...Object.values(labels)]) expect(text).to.be.a('string');
      }
      const matched = chart.deployment.spec?.selector.matchLabels;
      expect(matched).to.deep.equal({ 'app.kubernetes.io/name': '42', 'app.kubernetes.io/instance': '123' });
      expect(chart.deployment.spec?.template.spec?.serviceAccountName).to.equal('7');
      const agent = chart.one<V1DaemonSet>('DaemonSet').spec?.template.spec;
      expect(agent?.priorityClassName).to.equal('5');
      expect(agent?.volumes?.find(({ name }) => name === 'ca')?.configMap?.name).to.equal('1e3');
    });

    it('a service account of its own, unless somebody says otherwise', async () => {
      const account = (chart: Rendered) => chart.deployment.spec?.template.spec?.serviceAccountName;
      expect(account(await rendered([R, 'serviceAccount=null']))).to.equal('kwasm-operator');
      expect(account(await rendered([R, 'serviceAccount.create=false']))).to.equal('default');
    });

    it('the selector, the container, the port and the Service', async () => {
      const chart = await rendered([R], { release: 'r' });
      const selector = { 'app.kubernetes.io/name': 'kwasm-operator', 'app.kubernetes.io/instance': 'r' };
      expect(chart.deployment.spec?.selector.matchLabels).to.deep.equal(selector);
      expect(chart.deployment.spec?.template.metadata?.labels).to.deep.equal(selector);
      expect(chart.operator.name).to.equal('kwasm-operator');
      expect(chart.operator.ports?.[0]).to.deep.include({ name: 'http', containerPort: 8081 });
      const service = chart.one<V1Service>('Service').spec;
      expect(service?.selector).to.deep.equal(selector);
      expect(service?.ports).to.deep.equal([{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }]);
      expect(chart.env('CONTROLLER_NAMESPACE')).to.equal('kwasm');
    });

    const spellings = [
      { set: 'kwasmOperator.autoProvision=true', value: 'true' },
      { set: 'kwasmOperator.autoProvision=false', value: 'false' },
      { set: 'kwasmOperator.autoProvision=TRUE', value: 'true' },
      { set: 'kwasmOperator.autoProvision=', value: 'false' },
      { set: 'kwasmOperator.autoProvision=null', value: 'false' },
    ];
    for (const { set, value } of spellings) {
      it(`${set} means ${value}`, async () => {
        expect((await rendered([R, set])).env('AUTO_PROVISION_NODES')).to.equal(value);
      });
    }

    it('autoProvision as a bool and as a string in a values file', async () => {
      for (const text of ['true', '"true"', 'false', '"false"']) {
        const file = join(temporary, 'values.yaml');
        writeFileSync(file, `kwasmOperator: { autoProvision: ${text} }\n`);
        const chart = new Rendered(await render(program, { set: [R], args: ['--values', file] }));
        expect(chart.env('AUTO_PROVISION_NODES')).to.equal(text.replaceAll('"', ''));
      }
    });
  });

  describe('chooses the images', () => {
    const cases = [
      { set: [R], operator: OPERATOR, installs: OURS, ours: OURS },
      {
        set: [R, 'image.tag=t1'],
        operator: tagged(OPERATOR, 't1'),
        installs: tagged(OURS, 't1'),
        ours: tagged(OURS, 't1'),
      },
      {
        set: [R, 'image.tag=t1@sha256:00'],
        operator: tagged(OPERATOR, 't1@sha256:00'),
        installs: tagged(OURS, 't1'),
        ours: tagged(OURS, 't1'),
      },
      { set: [R, `kwasmOperator.installerImage=${SPIN}`], operator: OPERATOR, installs: SPIN, ours: OURS },
      { set: [R, `kwasmOperator.installerImage=${ARCHIVED}:main`], operator: OPERATOR, installs: OURS, ours: OURS },
      { set: [R, `kwasmOperator.installerImage=${ARCHIVED}`], operator: OPERATOR, installs: OURS, ours: OURS },
      {
        set: [R, `kwasmOperator.installerImage=${ARCHIVED}:v0.3.1`],
        operator: OPERATOR,
        installs: `${ARCHIVED}:v0.3.1`,
        ours: OURS,
      },
      { set: [R, 'image.repository=a.example/op'], operator: `a.example/op:${VERSION}`, installs: OURS, ours: OURS },
      {
        set: [R, 'kwasmOperator.installer.image=a.example/in:2'],
        operator: OPERATOR,
        installs: 'a.example/in:2',
        ours: 'a.example/in:2',
      },
      {
        set: ['image.repository=a.example/op', 'kwasmOperator.installerImage=a.example/kwasm-node-installer:2'],
        operator: `a.example/op:${VERSION}`,
        installs: 'a.example/kwasm-node-installer:2',
        ours: 'a.example/kwasm-node-installer:2',
      },
    ];
    for (const { set, operator, installs, ours } of cases) {
      it(`${set.join(' ')}`, async () => {
        const chart = await rendered(set);
        expect(chart.operator.image).to.equal(operator);
        expect(chart.testContainer.image).to.equal(operator);
        expect(chart.env('INSTALLER_IMAGE')).to.equal(installs);
        expect(chart.config.installer['image']).to.equal(ours);
      });
    }
  });

  describe('refuses, and says what to do', () => {
    const POOL = ['name=gpu', 'nodeSelector.pool=gpu'];
    const build = /not published yet.*npm run images -- --push REGISTRY.*--set imageRegistry=/s;
    const cases = [
      { set: [], says: build },
      { set: ['image.repository=a.example/op'], says: build },
      { set: ['image.repository=a.example/op', `kwasmOperator.installerImage=${SPIN}`], says: build },
      { set: ['image.repository=a.example/op', `kwasmOperator.installerImage=${ARCHIVED}:v0.3.1`], says: build },
      { set: ['imageRegistry=https://a.example'], says: /without a scheme/ },
      { set: ['imageRegistry=a.example/'], says: /without a slash at the end/ },
      { set: ['imageRegistry=a.example/Team'], says: /imageRegistry "a.example\/Team"/ },
      {
        set: [R, 'image.repository=mirror.example/kwasm-operator', 'image.tag=kwasm-operator-0.2.2'],
        says: /archived KWasm operator.*--set image.repository= --set image.tag=/s,
      },
      { set: [R, 'kwasmOperator.autoProvision=maybe'], says: /autoProvision "maybe": write true or false/ },
      { set: [R, 'kwasmOperator.autoProvison=true'], says: /autoProvison/ },
      { set: [R, 'kwasmOperator.rollout.maxParallel=0'], says: /\/kwasmOperator\/rollout\/maxParallel.*want 1/s },
      { set: [R, 'kwasmOperator.rollout.maxUnavailable=0'], says: /\/kwasmOperator\/rollout\/maxUnavailable/ },
      { set: [R, 'kwasmOperator.rollout.maxUnavailablePerZone=200%'], says: /maxUnavailablePerZone/ },
      { set: [R, 'kwasmOperator.rollout.windows[0].from=9'], says: /\/kwasmOperator\/rollout\/windows\/0/ },
      { set: [R, 'kwasmOperator.rollout.pools[0].name=gpu'], says: /\/rollout\/pools\/0.*nodeSelector/s },
      {
        set: [R, 'kwasmOperator.installer.deadlineSeconds=300'],
        says: /deadlineSeconds \(300\) must be larger than switchSeconds/,
      },
      {
        set: [R, 'kwasmOperator.installer.imagePullPolicy=Sometimes'],
        says: /\/kwasmOperator\/installer\/imagePullPolicy/,
      },
      { set: [R, 'kwasmOperator.installer.switchSeconds=5'], says: /\/kwasmOperator\/installer\/switchSeconds/ },
      { set: [R, 'kwasmOperator.installer.caConfigMap=a b'], says: /\/kwasmOperator\/installer\/caConfigMap/ },
      { set: [R, 'kwasmOperator.rollout.maxUnavailable=0%'], says: /\/kwasmOperator\/rollout\/maxUnavailable/ },
      { set: [R, 'kwasmOperator.rollout.maxUnavailable=100.5%'], says: /\/kwasmOperator\/rollout\/maxUnavailable/ },
      {
        set: [R, ...[0, 1].flatMap((at) => POOL.map((one) => `kwasmOperator.rollout.pools[${at}].${one}`))],
        says: /rollout.pools names "gpu" twice/,
      },
      { set: [R, 'fullnameOverride=9 lives'], says: /\/fullnameOverride/ },
      { set: [R, 'kwasmOperator.logLevel=loud'], says: /\/kwasmOperator\/logLevel/ },
      { set: [R, 'service.port=http'], says: /\/service\/port.*want integer/s },
      { set: [R, 'replicas=2'], says: /'?replicas'? not allowed/ },
      {
        set: [R, 'kwasmOperator.runtimeClasses[0].name=a', 'kwasmOperator.runtimeClasses[1].name=a'].concat(
          'kwasmOperator.runtimeClasses[0].handler=x',
          'kwasmOperator.runtimeClasses[1].handler=y',
        ),
        says: /names "a" twice/,
      },
    ];
    for (const { set, says } of cases) {
      it(set.join(' ') || 'no values at all', async () => expect(await refusal(set)).to.match(says));
    }
  });

  describe('with the values of 0.2.3 only, as --reuse-values leaves them', () => {
    it('asks for the registry', async () => {
      expect(await refusal([], reused)).to.match(/not published yet/);
    });

    it('replaces the archived images and means the same defaults', async () => {
      const old = await rendered([R], { chart: reused });
      const now = await rendered([R]);
      expect(old.operator.image).to.equal(OPERATOR);
      expect(old.env('INSTALLER_IMAGE')).to.equal(OURS);
      expect(policyOf(old)).to.deep.equal(policyOf(now));
    });

    it('keeps the tag somebody gave with the registry', async () => {
      const chart = await rendered([R, 'image.tag=t1'], { chart: reused });
      expect(chart.operator.image).to.equal(tagged(OPERATOR, 't1'));
    });

    it('renders the same objects, resources of the operator apart', async () => {
      const old = await rendered([R], { chart: reused });
      const now = await rendered([R]);
      const list = ({ objects }: Rendered) => objects.map(({ kind, metadata }) => `${kind} ${metadata?.name}`);
      expect(list(old)).to.deep.equal(list(now));
      expect(old.operator.resources).to.equal(undefined);
      expect({ ...old.operator, resources: now.operator.resources }).to.deep.equal(now.operator);
    });
  });

  describe('gives the operator', () => {
    it('a configuration that the operator takes, with every value in its place', async () => {
      const file = join(temporary, 'installer.yaml');
      const installer = {
        imagePullPolicy: 'Always',
        priorityClassName: 'system-node-critical',
        tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
        resources: { limits: { memory: '256Mi' } },
        env: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
        caConfigMap: 'company-ca',
        switchSeconds: 60,
        deadlineSeconds: 600,
        attemptsMax: 1,
        ttlSecondsAfterFinished: 120,
      };
      const runtimeClasses = [{ name: 'wasmtime-spin-v2', handler: 'spin' }];
      const uninstall = { policy: 'Evict', perNode: true, timeoutSeconds: 120 };
      const window = { days: ['Sat'], from: '22:00', to: '04:00', timezone: 'Europe/Berlin' };
      const pool = { name: 'gpu', nodeSelector: { pool: 'gpu' }, paused: true, maxUnavailable: 1, windows: null };
      const rollout = {
        maxUnavailable: '2.5%',
        maxUnavailablePerZone: 2,
        maxParallel: 3,
        soakSeconds: 0,
        windows: [window],
        pools: [{ name: 'gpu', nodeSelector: { pool: 'gpu' }, paused: true, maxUnavailable: 1 }],
      };
      writeFileSync(
        file,
        dump({
          imageRegistry: 'registry.example:5000/team',
          imagePullSecrets: [{ name: 'pull' }],
          kwasmOperator: { installer, runtimeClasses, uninstall, rollout },
        }),
      );
      const chart = new Rendered(await render(program, { args: ['--values', file] }));
      const policy = policyOf(chart);
      expect(policy.installer).to.deep.include({ ...installer, image: OURS, imagePullSecrets: [{ name: 'pull' }] });
      expect(policy.runtimeClasses).to.deep.equal(runtimeClasses);
      expect(policy.rollout).to.deep.equal({ ...ROLLOUT_DEFAULTS, ...rollout, pools: [pool] });
      expect(policy.uninstall).to.deep.equal(uninstall);
    });

    it('a restart when the configuration changes, and only then', async () => {
      const checksum = async (...set: string[]) =>
        (await rendered([R, ...set])).deployment.spec?.template.metadata?.annotations?.['checksum/config'];
      expect(await checksum()).to.equal(await checksum('service.port=81'));
      expect(await checksum()).not.to.equal(await checksum('kwasmOperator.rollout.maxParallel=2'));
    });

    it('a hardened pod whose contexts a person can change, false included', async () => {
      const chart = await rendered([R]);
      const context = chart.operator.securityContext;
      expect(context).to.deep.equal({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(chart.deployment.spec?.template.spec?.securityContext).to.deep.include({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      const changed = await rendered([
        R,
        'securityContext.readOnlyRootFilesystem=false',
        'podSecurityContext.runAsUser=7',
      ]);
      expect(changed.operator.securityContext).to.deep.equal({ ...context, readOnlyRootFilesystem: false });
      expect(changed.deployment.spec?.template.spec?.securityContext?.runAsUser).to.equal(7);
    });

    it('no right to read, change or make more than it needs', async () => {
      const chart = await rendered([R]);
      const { grants } = chart;
      expect(grants).to.include('patch /nodes/status');
      const forbidden = grants.filter((grant) =>
        /^(\*|get|update|deletecollection|escalate|bind|impersonate) /.test(grant),
      );
      expect(forbidden).to.deep.equal([]);
      expect(grants.filter((grant) => /\*|secrets|pods\/|rbac/.test(grant))).to.deep.equal([]);
      const rules = chart.one<V1Role>('Role', 'kwasm-operator').rules ?? [];
      const maps = rules.filter(({ resources }) => resources?.includes('configmaps'));
      expect(maps).to.deep.equal([
        { apiGroups: [''], resources: ['configmaps'], resourceNames: ['kwasm-pause'], verbs: ['list', 'watch'] },
      ]);
    });

    const policies = [
      { set: [], is: [] },
      { set: ['policy=Evict'], is: ['create /pods/eviction', 'get /pods'] },
      { set: ['policy=Force'], is: ['delete /pods', 'get /pods'] },
      { set: ['policy=Block', 'perNode=true'], is: ['create /pods/eviction', 'delete /pods', 'get /pods'] },
    ];
    for (const { set, is } of policies) {
      it(`rights on other people's pods with ${set.join(', ') || 'the defaults'}: ${is.join(', ') || 'none'}`, async () => {
        const values = set.map((one) => `kwasmOperator.uninstall.${one}`);
        const { rules = [] } = (await rendered([R, ...values])).one<V1ClusterRole>('ClusterRole', 'kwasm-operator');
        const grants = rules.flatMap(({ verbs, resources = [] }) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} /${resource}`)),
        );
        expect(grants.filter((grant) => grant.includes('/pods')).sort()).to.deep.equal(is);
      });
    }
    it('a canary and a startup taint, as the operator reads them', async () => {
      expect(policyOf(await rendered([R])).canary.images).to.deep.equal({});
      const set = ['kwasmOperator.canary.image=r/c:1', 'kwasmOperator.startupTaint=example.com/starting'];
      const policy = policyOf(await rendered([R, ...set]));
      expect(policy.canary).to.deep.include({ images: { wasmtime: 'r/c:1' }, deadlineSeconds: 180 });
      expect(policy.startupTaint).to.equal('example.com/starting');
      const each = await rendered([R, 'kwasmOperator.canary.image.spin=r/s:1']);
      expect(policyOf(each).canary.images).to.deep.equal({ spin: 'r/s:1' });
    });

    it("the CRD of WasmModules with them, unless it is another's", async () => {
      const crds = async (...set: readonly string[]) =>
        (await rendered([R, ...set.map((one) => `wasmModules.${one}`)])).objects.filter(
          ({ metadata }) => metadata?.name === 'wasmmodules.wasm.serving.knative.dev',
        ).length;
      expect(await crds()).to.equal(0);
      expect(await crds('enabled=true')).to.equal(1);
      expect(await crds('enabled=true', 'crd=null'), 'values of before').to.equal(1);
      expect(await crds('enabled=true', 'crd=false')).to.equal(0);
    });

    it('leases and --leader-elect with two replicas only', async () => {
      const one = await rendered([R]);
      const two = await rendered([R, 'replicaCount=2']);
      expect(one.operator.args).not.to.include('--leader-elect');
      expect(one.grants.filter((grant) => grant.endsWith('/leases'))).to.deep.equal([]);
      expect(two.operator.args).to.include('--leader-elect');
      expect(two.grants).to.include('update coordination.k8s.io/leases');
    });

    it('no neighbour: the old pod ends before a new one is made', async () => {
      expect((await rendered([R])).deployment.spec?.strategy).to.deep.equal({ type: 'Recreate' });
    });

    it('a metrics port on the Service when asked', async () => {
      const { spec } = (await rendered([R, 'metrics.service.enabled=true'])).one<V1Service>('Service');
      expect(spec?.ports?.map(({ name, port }) => [name, port])).to.deep.equal([
        ['http', 80],
        ['metrics', 8080],
      ]);
    });
  });

  describe('in mode daemonset', () => {
    const MODE = 'kwasmOperator.mode=daemonset';
    const daemonSet = (chart: Rendered) => chart.one<V1DaemonSet>('DaemonSet').spec;

    it('has one, on labelled nodes, whose pods the operator watches and its Service does not know', async () => {
      const chart = await rendered([R, MODE]);
      expect(policyOf(chart).mode).to.equal('daemonset');
      const spec = daemonSet(chart);
      const pod = spec?.template.spec;
      expect(pod?.nodeSelector).to.deep.equal({ 'kubernetes.io/os': 'linux', 'kwasm.sh/kwasm-node': 'true' });
      expect(pod?.initContainers?.map(({ name, image, args }) => ({ name, image, args }))).to.deep.equal([
        { name: 'kwasm-provision', image: OURS, args: ['agent'] },
      ]);
      const labels = spec?.template.metadata?.labels ?? {};
      expect(labels).to.include({ 'kwasm.sh/job': 'true', 'kwasm.sh/agent': 'true' });
      const selector = chart.one<V1Service>('Service').spec?.selector ?? {};
      expect(Object.entries(selector).every(([key, value]) => labels[key] === value)).to.equal(false);
    });

    it('gives the nodes a token for the slots, in the container that needs it, and no other right', async () => {
      const chart = await rendered([R, MODE, 'kwasmOperator.daemonset.slots=2']);
      const slots = ['kwasm-operator-agent-slot-0', 'kwasm-operator-agent-slot-1'];
      expect(chart.one<V1Role>('Role', 'kwasm-operator-agent').rules).to.deep.equal([
        { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: slots, verbs: ['get', 'update'] },
      ]);
      for (const slot of slots) expect(chart.one<V1Lease>('Lease', slot).spec).to.equal(undefined);
      const pod = daemonSet(chart)?.template.spec;
      expect(pod?.initContainers?.[0]?.env).to.deep.include({ name: 'KWASM_SLOTS', value: slots.join() });
      expect(pod?.automountServiceAccountToken).to.equal(false);
      const [holder] = pod?.containers ?? [];
      expect(holder?.volumeMounts).to.equal(undefined);
      expect(holder?.securityContext).to.deep.include({ runAsNonRoot: true, capabilities: { drop: ['ALL'] } });
      expect(daemonSet(chart)?.updateStrategy?.rollingUpdate?.maxUnavailable).to.equal(2);
    });

    it('gives the operator the one right more that it needs, and without the mode none', async () => {
      const [jobs, daemons] = [await rendered([R]), await rendered([R, MODE])];
      const more = daemons.grants.filter((grant) => !jobs.grants.includes(grant) && !grant.endsWith('/leases'));
      expect(more).to.deep.equal(['delete /pods']);
      expect(jobs.objects.filter(({ kind }) => kind === 'DaemonSet' || kind === 'Lease')).to.deep.equal([]);
    });

    it('runs everywhere but where a label says no, with autoProvision', async () => {
      const pod = daemonSet(await rendered([R, MODE, 'kwasmOperator.autoProvision=true']))?.template.spec;
      expect(pod?.nodeSelector).to.deep.equal({ 'kubernetes.io/os': 'linux' });
      expect(JSON.stringify(pod?.affinity)).to.contain('"NotIn","values":["false"]');
    });

    it('tolerates control planes and startup taints, and what a person adds', async () => {
      const set = ['kwasmOperator.startupTaint=a/b', 'kwasmOperator.installer.tolerations[0].key=mine'];
      const pod = daemonSet(await rendered([R, MODE, ...set]))?.template.spec;
      expect(pod?.tolerations?.map(({ key }) => key)).to.deep.equal([
        'node-role.kubernetes.io/control-plane',
        'node-role.kubernetes.io/master',
        'node.kubernetes.io/network-unavailable',
        'kwasm.sh/not-ready',
        'a/b',
        'mine',
      ]);
    });

    it('takes the DaemonSet away, too, where everything is taken off', async () => {
      const set = ['cleanup.onUninstall=true'];
      const chart = await rendered([R, MODE, ...set]);
      const rules = chart.one<V1Role>('Role', 'kwasm-operator-cleanup').rules ?? [];
      expect(rules).to.deep.include({
        apiGroups: ['apps'],
        resources: ['daemonsets'],
        resourceNames: ['kwasm-operator-agent'],
        verbs: ['delete'],
      });
      const env = chart.one<V1Job>('Job').spec?.template.spec?.containers[0]?.env ?? [];
      expect(env).to.deep.include({ name: 'KWASM_DAEMONSET', value: 'kwasm-operator-agent' });
      const jobs = await rendered([R, ...set]);
      expect(
        jobs.one<V1Role>('Role', 'kwasm-operator-cleanup').rules?.some(({ apiGroups }) => apiGroups?.[0] === 'apps'),
      ).to.equal(false);
    });

    it("refuses other people's installers", async () => {
      expect(await refusal([R, MODE, `kwasmOperator.installerImage=${SPIN}`])).to.contain('mode=daemonset');
    });

    it('keeps its names within what a name may have', async () => {
      const chart = await rendered([R, MODE, `fullnameOverride=${'n'.repeat(63)}`]);
      expect(chart.one('DaemonSet').metadata?.name).to.equal(`${'n'.repeat(57)}-agent`);
    });
  });

  it('sends no traffic of the Service to the test pod', async () => {
    const chart = await rendered([R]);
    const labels = chart.one<V1Pod>('Pod').metadata?.labels ?? {};
    const selector = chart.one<V1Service>('Service').spec?.selector ?? {};
    expect(Object.entries(selector).every(([key, value]) => labels[key] === value)).to.equal(false);
  });

  it('renders what lies in manifests/', async () => {
    const current = readFileSync(new URL('../manifests/kwasm-operator.yaml', import.meta.url), 'utf8');
    const now = manifest(await render(program, { set: [`imageRegistry=${PLACEHOLDER}`], args: ['--no-hooks'] }));
    expect(current, 'run `npm run manifests`').to.equal(now);
  });

  it('has the version of package.json', () => {
    const root = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
    const chart = load(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'));
    expect(chart).to.include({ version: root.version, appVersion: root.version });
  });

  /** What the operator itself makes of the rendered file and environment: its own parser judges the chart. */
  function policyOf(chart: Rendered) {
    const file = join(temporary, 'config.yaml');
    writeFileSync(file, dump(chart.config));
    const env = Object.fromEntries((chart.operator.env ?? []).map(({ name, value }) => [name, value]));
    const args = (chart.operator.args ?? []).filter((arg) => !arg.startsWith('--config='));
    return readConfig([...args, `--config=${file}`], env).policy;
  }
}

function tagged(image: string, tag: string): string {
  return `${image.slice(0, image.lastIndexOf(':'))}:${tag}`;
}
