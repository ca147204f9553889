import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { builderFor } from './compatibility.ts';
import { FuncError } from './func-error.ts';
import { type FunctionFile, newFunctionFile, readFunctionFile, writeFunctionFile } from './function-file.ts';

const FULL = `# what func wrote
specVersion: 0.36.0
name: shop
runtime: go-wasi
registry: ""
created: 2026-04-01T10:00:00.000000000+02:00 # then
somebodys: { own: key }
build:
  builderImages:
    http: ghcr.io/webassembly/wasi/http:0.2.3
    __WASI_WIT_PROVIDER_MODE: forgiving
  pvcSize: 256Mi
run:
  envs:
    - name: GREETING
      value: hello
    - name: TOKEN
      value: '{{ secret:shop:token }}'
  args: [--fast]
  volumes:
    - secret: shop
      path: /etc/shop
deploy:
  namespace:
  network:
    tcp:
      connect: ['*:443']
  options:
    resources:
      limits: { memory: 1.5Gi, cpu: 500m, concurrency: 4 }
`;

describe('func.yaml', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kwasm-func-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const lying = (text: string) => writeFileSync(join(folder, 'func.yaml'), text);
  const lies = () => readFileSync(join(folder, 'func.yaml'), 'utf8');
  const refusal = async () => {
    const error = await readFunctionFile(folder).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(FuncError);
    return (error as FuncError).message.replaceAll(folder, 'DIR');
  };

  it('has every key that WASI functions add to it, and defaults for what is not there', async () => {
    lying(FULL);
    const file = await readFunctionFile(folder);
    expect(file.run.args).to.deep.equal(['--fast']);
    expect(file.deploy.network).to.deep.equal({
      inherit: false,
      allowIpNameLookup: true,
      tcp: { bind: [], connect: ['*:443'] },
      udp: { bind: [], connect: [], outgoing: [] },
    });
    expect(file.deploy.options.resources.limits).to.deep.equal({ memory: '1.5Gi', cpu: '500m', concurrency: 4 });
    expect([file.registry, file.deploy.namespace, file.build.builder]).to.deep.equal([undefined, undefined, undefined]);
  });

  it('is left as it lies there when nothing changes', async () => {
    lying(FULL);
    await writeFunctionFile(folder, await readFunctionFile(folder));
    expect(lies()).to.equal(FULL);
  });

  it('keeps comments, order, and keys that only others know, when something does', async () => {
    lying(FULL);
    const file = await readFunctionFile(folder);
    const changed: FunctionFile = {
      ...file,
      registry: 'registry.example.com/alice',
      run: { ...file.run, envs: file.run.envs.slice(1), args: ['--fast', '--loud'] },
      deploy: { ...file.deploy, namespace: 'shop' },
    };
    await writeFunctionFile(folder, changed);
    expect(await readFunctionFile(folder)).to.deep.equal(changed);
    for (const kept of ['# what func wrote', ' # then', 'somebodys: { own: key }', 'pvcSize: 256Mi'])
      expect(lies()).to.contain(kept);
    expect(lies()).to.not.contain('GREETING');
  });

  it('is short when it is new, and never names a builder or deployer that nobody chose', async () => {
    const file = newFunctionFile('hello', 'ts-wasi', new Date(0));
    expect(builderFor(file.runtime, { file: file.build.builder }).value).to.equal('wasm');
    await writeFunctionFile(folder, file);
    expect(lies()).to.equal('specVersion: 0.36.0\nname: hello\nruntime: ts-wasi\ncreated: 1970-01-01T00:00:00.000Z\n');
    await writeFunctionFile(folder, { ...file, image: 'registry.example.com/hello:1' });
    expect(lies()).to.not.match(/builder|deployer/);
    await writeFunctionFile(folder, { ...file, deploy: { ...file.deploy, deployer: 'wasm' } });
    expect(lies()).to.contain('deployer: wasm').and.to.not.contain('image');
  });

  it('says that there is none, and how one is begun', async () => {
    expect(await refusal()).to.contain('no function in DIR: there is no func.yaml; kwasm func create -l ts-wasi NAME');
  });

  const head = 'name: hello\nruntime: ts-wasi\ncreated: now\n';
  const cases = [
    ['no YAML', 'name: [\n', /DIR\/func\.yaml: .*line 2/s],
    ['a name that is none', head.replace('hello', 'Hello_World'), /^DIR\/func\.yaml: name: a name has small letters/],
    ['no runtime', 'name: hello\ncreated: now\n', /^DIR\/func\.yaml: runtime: .*expected string/],
    [
      'an empty runtime',
      head.replace('ts-wasi', "''"),
      /: runtime: it must say .*: ts-wasi, js-wasi, go-wasi, rust-wasi$/,
    ],
    ['a deployer of no such name', `${head}deploy: {deployer: nomad}\n`, /deploy\.deployer: it must be one of keda, /],
    [
      'a number as a value',
      `${head}run:\n  envs:\n    - {name: PORT, value: 80}\n`,
      /run\.envs\[0\]\.value: .*: put it in quotes$/,
    ],
    [
      'a reference of no known form',
      `${head}run:\n  envs:\n    - {name: A, value: '{{ vault:x }}'}\n`,
      /run\.envs\[0\]: it must be a name with a value, \{\{ env:NAME \}\}/,
    ],
    [
      'a pattern without a port',
      `${head}deploy:\n  network: {tcp: {connect: [db]}}\n`,
      /deploy\.network\.tcp\.connect\[0\]: it must be host:port/,
    ],
    [
      'a port above 65535',
      `${head}deploy:\n  network: {udp: {outgoing: ['db:70000']}}\n`,
      /deploy\.network\.udp\.outgoing\[0\]: it must be host:port/,
    ],
    [
      'a quantity that is none',
      `${head}deploy: {options: {resources: {limits: {memory: much}}}}\n`,
      /limits\.memory: it must be a quantity/,
    ],
    [
      'a suffix that Kubernetes does not know: kilo is k, and kibi Ki',
      `${head}deploy: {options: {resources: {limits: {memory: 128K}}}}\n`,
      /limits\.memory: it must be a quantity/,
    ],
    [
      'a volume of two kinds',
      `${head}run:\n  volumes: [{secret: a, configMap: b, path: /x}]\n`,
      /run\.volumes\[0\]: it must have one of secret, configMap/,
    ],
    [
      'a builder of no known name',
      `${head}build: {builder: make}\n`,
      /build\.builder: it must be one of host, pack, s2i, wasm$/,
    ],
  ] as const;
  for (const [what, text, says] of cases) {
    it(`refuses ${what}, by file and key`, async () => {
      lying(text);
      expect(await refusal()).to.match(says);
    });
  }

  it('names all that is wrong at once', async () => {
    lying('name: Hello\nruntime: ts-wasi\ncreated: now\nrun: {args: [1]}\n');
    expect((await refusal()).split('\n')).to.have.length(2);
  });
});
