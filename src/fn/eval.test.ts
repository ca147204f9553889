import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { relative } from 'node:path';
import { expect } from 'chai';
import { Workshop } from './testing.ts';

const golden = (name: string) => readFileSync(new URL(`./golden/${name}`, import.meta.url), 'utf8');

const PACKAGE = {
  'p/Kptfile': 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n',
  'p/a.yaml': `# leading comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-deployment # keep me
spec:
  replicas: 3
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cm}
`,
  'p/sub/b.yaml': 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n',
  'p/notes.txt': 'no resource\n',
};

const LIST = 'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n';

describe('kwasm fn eval', function () {
  this.timeout(60_000);
  let shop: Workshop;
  beforeEach(() => {
    shop = new Workshop();
    shop.write(PACKAGE);
  });
  afterEach(() => shop.remove());

  async function failure(running: Promise<unknown>): Promise<string> {
    const before = shop.tree('p');
    const message = await running.then(
      () => expect.fail('it passed'),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    expect(shop.tree('p'), 'nothing of the package changed').to.deep.equal(before);
    return message;
  }

  it("gives the list that kpt gives, byte for byte (kpt's own, recorded)", async () => {
    shop.write({ 'q/a.yaml': PACKAGE['p/a.yaml'] });
    const copy = shop.path('list.yaml');
    const tee = shop.script('tee.sh', `tee ${copy}`);
    await shop.eval('q', tee, { configWords: ['namespace=staging', 'n=1'] });
    expect(readFileSync(copy, 'utf8')).to.equal(golden('kpt-eval-resourcelist-input.yaml'));
  });

  it('writes what the function changed and nothing else; comments and order stay', async () => {
    const old = new Date(1_000_000);
    utimesSync(shop.path('p/sub/b.yaml'), old, old);
    await shop.eval('p', shop.script('f.sh', "sed 's/replicas: 3/replicas: 5/'"));
    expect(shop.tree('p')).to.deep.equal({
      ...Object.fromEntries(Object.entries(PACKAGE).map(([name, text]) => [name.slice(2), text])),
      'a.yaml': PACKAGE['p/a.yaml'].replace('replicas: 3', 'replicas: 5'),
    });
    expect(statSync(shop.path('p/sub/b.yaml')).mtimeMs).to.equal(old.getTime());
  });

  it('adds, moves and deletes files as the items say', async () => {
    const list = `${LIST}items:
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: nginx-deployment
    annotations: {config.kubernetes.io/path: moved/d.yaml, config.kubernetes.io/index: '0'}
- {apiVersion: v1, kind: Service, metadata: {name: new, namespace: ns}}
`;
    shop.write({ list });
    await shop.eval('p', shop.script('f.sh', `cat >/dev/null; cat ${shop.path('list')}`));
    expect(Object.keys(shop.tree('p'))).to.deep.equal(['Kptfile', 'moved/d.yaml', 'notes.txt', 'ns/service_new.yaml']);
  });

  it('takes a list as JSON', async () => {
    const json = JSON.stringify({
      items: [{ kind: 'Secret', apiVersion: 'v1', metadata: { name: 's' } }],
      kind: 'ResourceList',
      apiVersion: 'config.kubernetes.io/v1',
    });
    shop.write({ json });
    const text = await shop.eval('p', shop.script('f.sh', `cat >/dev/null; cat ${shop.path('json')}`), {
      output: 'unwrap',
    });
    expect(text).to.contain('"name": "s"');
  });

  const answers: readonly { readonly name: string; readonly answer: string; readonly says: string | RegExp }[] = [
    { name: 'garbage', answer: 'hello', says: 'returned no ResourceList: "hello"' },
    { name: 'nothing', answer: '', says: 'returned no ResourceList: it returned nothing' },
    { name: 'another kind', answer: 'kind: Pod\n', says: 'returned no ResourceList' },
    { name: 'items that are no list', answer: `${LIST}items: {a: b}\n`, says: 'its items are no list' },
    { name: 'no items', answer: `${LIST}items: []\n`, says: 'returned no items for 4' },
    {
      name: 'an item without a kind',
      answer: `${LIST}items:\n- {apiVersion: v1, metadata: {name: x}}\n`,
      says: 'output resource list must contain only KRM resources: resource must have `kind`',
    },
    ...['../x.yaml', 'a/../../x.yaml', '/etc/x.yaml', 'link/x.yaml'].map((path) => ({
      name: `a path outside: ${path}`,
      answer: `${LIST}items:\n- {apiVersion: v1, kind: X, metadata: {name: x, annotations: {config.kubernetes.io/path: ${path}}}}\n`,
      says: /function must not modify resources outside of package: resource has path /,
    })),
    {
      name: 'one place twice',
      answer: `${LIST}items:\n${['x', 'y'].map((n) => `- {apiVersion: v1, kind: X, metadata: {name: ${n}, annotations: {config.kubernetes.io/path: a.yaml, config.kubernetes.io/index: '0'}}}\n`).join('')}`,
      says: 'resource at path "a.yaml" and index "0" already exists',
    },
    ...['run.sh', 'Makefile', '.git/hooks/post-checkout', 'notes.txt', 'x.yaml.bak'].map((path) => ({
      name: `another file than a resource's: ${path}`,
      answer: `${LIST}items:\n- {apiVersion: v1, kind: X, metadata: {name: x, annotations: {config.kubernetes.io/path: ${path}}}}\n`,
      says: `function must not write other files than resources': resource has path ${path}`,
    })),
    {
      name: 'a file that was not read',
      answer: `${LIST}items:\n- {apiVersion: v1, kind: X, metadata: {name: x, annotations: {config.kubernetes.io/path: ignored.yaml}}}\n`,
      says: 'function must not overwrite ignored.yaml',
    },
    {
      name: 'a path through a file',
      answer: `${LIST}items:\n- {apiVersion: v1, kind: X, metadata: {name: x, annotations: {config.kubernetes.io/path: notes.txt/x.yaml}}}\n- {apiVersion: v1, kind: X, metadata: {name: y, annotations: {config.kubernetes.io/path: a.yaml}}}\n`,
      says: 'not written, nothing was changed',
    },
  ];
  for (const { name, answer, says } of answers) {
    it(`fails and leaves the package: ${name}`, async () => {
      mkdirSync(shop.path('elsewhere'));
      symlinkSync(shop.path('elsewhere'), shop.path('p/link'));
      shop.write({ answer, 'p/.krmignore': 'ignored.yaml\n', 'p/ignored.yaml': 'a: {{ .Values.a }}\n' });
      const f = shop.script('f.sh', `cat >/dev/null; cat ${shop.path('answer')}`);
      const message = await failure(shop.eval('p', f));
      expect(message).to.match(says instanceof RegExp ? says : new RegExp(says.replaceAll(/[[\].*+?(){}]/g, '\\$&')));
      expect(shop.tree('elsewhere')).to.deep.equal({});
    });
  }

  it('deletes all but the Kptfile where that is permitted', async () => {
    const f = shop.script('f.sh', `cat >/dev/null; printf '${LIST.replaceAll('\n', '\\n')}items: []\\n'`);
    await shop.eval('p', f, { rules: { allowEmpty: true, failOnErrorResults: false } });
    expect(Object.keys(shop.tree('p'))).to.deep.equal(['Kptfile', 'notes.txt']);
  });

  it('keeps the exit code, the results and the log of a function that failed', async () => {
    const body = `cat >/dev/null; echo "it broke" >&2
cat <<X
${LIST}items: []
results:
- message: bad thing
  severity: error
  resourceRef: {apiVersion: v1, kind: ConfigMap, metadata: {name: cm, namespace: ns}}
  field: {path: spec.x, suggestedValue: 1}
X
exit 7`;
    const f = shop.script('f.sh', body);
    const message = await failure(shop.eval('p', f, { resultsDir: shop.path('results') }));
    expect(message).to.contain('exited with code 7');
    expect(shop.told).to.equal(`[RUNNING] "${f}"
[FAIL] "${f}" in 0s
  Error: exited with code 7
  Results:
    [error] v1/ConfigMap/ns/cm spec.x: bad thing
  Stderr:
    "it broke"
    ""
  Exit code: 7

For complete results, see ${shop.path('results/results.yaml')}
`);
    expect(shop.tree('results')['results.yaml']).to.equal(`apiVersion: kpt.dev/v1
kind: FunctionResultList
metadata:
  name: fnresults
exitCode: 1
items:
  - exec: ${f}
    stderr: |
      it broke
    exitCode: 7
    results:
      - message: bad thing
        severity: error
        resourceRef:
          apiVersion: v1
          kind: ConfigMap
          name: cm
          namespace: ns
        field:
          path: spec.x
          proposedValue: 1
`);
  });

  it('a result of severity error passes as with kpt, and fails where that is asked for', async () => {
    const body = 'cat; printf "results:\\n- message: bad thing\\n  severity: error\\n"';
    await shop.eval('p', shop.script('setns.wasm.sh', body));
    expect(shop.told).to.contain('[PASS]').and.to.contain('[error]: bad thing');
    const rules = { allowEmpty: false, failOnErrorResults: true };
    expect(await failure(shop.eval('p', shop.path('setns.wasm.sh'), { rules }))).to.contain('severity error');
  });

  it('stops a function that does not end', async () => {
    const f = shop.script('f.sh', 'exec sleep 60');
    expect(await failure(shop.eval('p', f, { limits: { timeoutMs: 300 } }))).to.contain('timed out after 0.3s');
  });

  it('refuses what is no function before it starts anything', async () => {
    shop.write({ 'short.wasm': 'abc', 'plain.txt': 'x' });
    expect(await failure(shop.eval('p', shop.path('short.wasm')))).to.contain('not a WebAssembly module (3 bytes)');
    expect(await failure(shop.eval('p', shop.path('plain.txt')))).to.contain(
      'neither a WebAssembly module nor an executable',
    );
    expect(await failure(shop.eval('p', shop.path('none')))).to.contain('no such file');
    expect(shop.told).to.equal('');
  });

  it('gives a function only what is selected, and puts the rest back in its place', async () => {
    const copy = shop.path('list.yaml');
    const tee = shop.script('tee.sh', `tee ${copy} | sed 's/name: nginx-deployment/name: web/'`);
    const selection = { selectors: [{ kind: 'Deployment' }, { name: 'cm' }], exclude: [{ name: 'cm' }] };
    const text = await shop.eval('p', tee, { selection, output: 'unwrap' });
    expect(readFileSync(copy, 'utf8').match(/^- /gm)).to.have.length(1);
    expect(shop.told).to.contain('on 1 resource(s)');
    expect(text.match(/^kind: .*$/gm)).to.deep.equal([
      'kind: Kptfile',
      'kind: Deployment',
      'kind: ConfigMap',
      'kind: Secret',
    ]);
    expect(text).to.contain('name: web # keep me').and.not.to.contain('kubernetes.io');
  });

  it('reads documents from stdin and answers with a list', async () => {
    const text = await shop.eval('p', '/bin/cat', {
      directory: undefined,
      input: 'kind: A\napiVersion: v1\nmetadata:\n  name: n\n',
    });
    expect(text).to.equal(`${LIST}items:
- kind: A
  apiVersion: v1
  metadata:
    name: n
    annotations:
      config.kubernetes.io/index: '0'
      internal.config.kubernetes.io/index: '0'
      internal.config.kubernetes.io/seqindent: 'compact'
      internal.config.kubernetes.io/path: 'a_n.yaml'
      config.kubernetes.io/path: 'a_n.yaml'
`);
  });

  const annotated = (name: string) => `    annotations:\n      ${name}: '`;
  for (const { what, of } of [
    { what: 'says nothing of files', of: undefined },
    { what: 'names files by the old annotation', of: 'config.kubernetes.io/path' },
    { what: 'names files by the new annotation', of: 'internal.config.kubernetes.io/path' },
  ]) {
    it(`answers a list that ${what} with one that does the same, as kpt`, async () => {
      const path = (file: string) => (of === undefined ? '' : `${annotated(of)}${file}'\n`);
      const given = `${LIST}items:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: cm\n${path('a.yaml')}`;
      const made = '- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: made\n';
      shop.write({ made });
      const adds = shop.script('adds.sh', `sed '/^functionConfig:/,$d'; cat ${shop.path('made')}`);
      const text = await shop.eval('p', adds, { directory: undefined, input: given });
      expect(text).to.equal(`${given}${made}${path('configmap_made.yaml')}`);
    });
  }

  it('takes kustomizations, which need no name, and names what no resource is', async () => {
    shop.write({
      'p/kustomization.yaml': 'resources: [a.yaml]\n',
      'p/c.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n',
      'p/k.yaml': 'kind: Kustomization\n',
    });
    await shop.eval('p', shop.script('f.sh', "sed 's/replicas: 3/replicas: 5/'"));
    expect(shop.tree('p')['a.yaml']).to.contain('replicas: 5');
    shop.write({ 'p/values.yaml': 'a: b\n' });
    const says = 'input resource list must contain only KRM resources: values.yaml: resource must have `apiVersion`';
    expect(await failure(shop.eval('p', '/bin/cat', { resultsDir: shop.path('r') }))).to.contain(says);
    expect(shop.told).to.contain('[FAIL] "/bin/cat"').and.to.contain(`  Error: ${says}\n`);
    expect(shop.tree('r')['results.yaml']).to.contain('  - exec: /bin/cat\n    exitCode: 1\n');
  });

  it('makes a directory of the result, and refuses one that is there', async () => {
    await shop.eval('p', '/bin/cat', { output: shop.path('out') });
    expect(Object.keys(shop.tree('out'))).to.deep.equal(['Kptfile', 'a.yaml', 'sub/b.yaml']);
    expect(await failure(shop.eval('p', '/bin/cat', { output: shop.path('out') }))).to.contain('already exists');
  });

  it('saves a function in the Kptfile and leaves the rest as it is written', async () => {
    shop.write({ 'p/Kptfile': `${PACKAGE['p/Kptfile']}# mine\npipeline:\n  mutators:\n  - image: a/b:v1 # first\n` });
    const selection = { selectors: [{ kind: 'X' }], exclude: [] };
    await shop.eval('p', '/bin/cat', { save: 'validator', configWords: ['a=b', 'n=1'], selection });
    expect(shop.tree('p')['Kptfile']).to.equal(`${PACKAGE['p/Kptfile']}# mine
pipeline:
  mutators:
  - image: a/b:v1 # first
  validators:
  - exec: /bin/cat
    configMap:
      a: b
      n: "1"
    selectors:
    - kind: X
`);
  });

  it('saves a function that is there anew, in its place', async () => {
    const kptfile = (entry: string) =>
      `${PACKAGE['p/Kptfile']}pipeline:\n  mutators:\n    # first\n    - exec: /bin/cat # cat\n${entry}    - image: a/b\n`;
    const tail = "      name: mine\n      condition: 'true'\n";
    shop.write({ 'p/Kptfile': kptfile(`${tail}      configMap: {a: b}\n`) });
    await shop.eval('p', '/bin/cat', { save: 'mutator', configWords: ['q=r'] });
    expect(shop.tree('p')['Kptfile']).to.equal(kptfile(`      configMap:\n        q: r\n${tail}`));
    expect(shop.told).to.contain('Updated "/bin/cat" as mutator in the Kptfile.\n');
  });

  it('saves paths as they are from the package, and refuses what it could not find there', async () => {
    shop.write({ 'p/fn/c.yaml': 'apiVersion: v1\nkind: Fn\nmetadata:\n  name: c\n' });
    shop.script('p/fn/f.sh', 'cat');
    const here = (file: string) => relative(process.cwd(), shop.path(file));
    await shop.eval('p', here('p/fn/f.sh'), { save: 'mutator', configFile: here('p/fn/c.yaml') });
    expect(shop.tree('p')['Kptfile']).to.equal(
      `${PACKAGE['p/Kptfile']}pipeline:\n  mutators:\n    - exec: ./fn/f.sh\n      configPath: fn/c.yaml\n`,
    );
    expect(shop.told).to.contain('Added "./fn/f.sh" as mutator in the Kptfile.\n');
    await shop.render('p');
    shop.write({ 'c.yaml': 'apiVersion: v1\nkind: Fn\nmetadata:\n  name: c\n', 'q/a.yaml': PACKAGE['p/a.yaml'] });
    const f = shop.script('f.sh', `touch ${shop.path('ran')}; sed 's/replicas: 3/replicas: 5/'`);
    const outside = shop.eval('p', f, { save: 'mutator', configFile: shop.path('c.yaml') });
    expect(await failure(outside)).to.equal(
      `--fn-config must be under ${shop.path('p')} if saving functions to Kptfile (--save=true)`,
    );
    const without = shop.eval('q', f, { save: 'mutator' }).then(String, String);
    expect(await without).to.contain('has no Kptfile to save the function in');
    expect(existsSync(shop.path('ran'))).to.equal(false);
  });

  it('reads no file that a link of the package leads out to, and those inside', async () => {
    shop.write({ 'secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: mine\n' });
    symlinkSync(shop.path('secret.yaml'), shop.path('p/x.yaml'));
    const says = `${shop.path('p/x.yaml')}: a link to ${shop.path('secret.yaml')}, out of the package`;
    const ran = shop.eval('p', shop.script('f.sh', `touch ${shop.path('ran')}; cat`));
    expect(await failure(ran)).to.contain(says);
    expect(existsSync(shop.path('ran'))).to.equal(false);
    shop.write({ 'p/.krmignore': 'x.yaml\n' });
    symlinkSync('sub/b.yaml', shop.path('p/y.yaml'));
    expect((await shop.eval('p', '/bin/cat', { output: 'unwrap' })).match(/kind: Secret/g)).to.have.length(2);
  });

  it('takes a file alone; what a function makes goes beside it', async () => {
    const list = shop.path('list');
    const f = shop.script(
      'f.sh',
      `tee ${list} | sed 's/replicas: 3/replicas: 5/; /^functionConfig:/,$d'; cat ${shop.path('made')}`,
    );
    shop.write({ made: '- apiVersion: v1\n  kind: Made\n  metadata:\n    name: m\n' });
    await shop.eval('p/a.yaml', f);
    expect(readFileSync(list, 'utf8').match(/^- /gm)).to.have.length(2);
    const { 'a.yaml': a, 'made_m.yaml': made, ...rest } = shop.tree('p');
    expect([a, made]).to.deep.equal([
      PACKAGE['p/a.yaml'].replace('replicas: 3', 'replicas: 5'),
      'apiVersion: v1\nkind: Made\nmetadata:\n  name: m\n',
    ]);
    expect(Object.keys(rest)).to.deep.equal(['Kptfile', 'notes.txt', 'sub/b.yaml']);
    expect(await shop.eval('p/notes.txt', f).then(String, String)).to.contain('neither a directory nor a .yaml');
  });

  it('leaves out what .krmignore names', async () => {
    shop.write({ 'p/.krmignore': 'sub/\n*.json\n', 'p/x.json': '{}', 'p/y.yaml': 'a: b' });
    shop.write({ 'p/.krmignore': 'sub/\n*.json\ny.*\n' });
    const text = await shop.eval('p', '/bin/cat', { output: 'unwrap' });
    expect(text).to.not.contain('Secret');
  });
});
