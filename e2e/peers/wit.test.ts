import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expect } from 'chai';
import { provisionWit } from '../../src/func/build/wit.ts';
import { FuncError } from '../../src/func/func-error.ts';
import { newFunctionFile } from '../../src/func/function-file.ts';
import { accessFrom } from '../../src/oci/access.ts';
import { pushModule } from '../../src/oci/push.ts';
import { type RegistryProcess, startRegistry } from './registry-process.ts';

const IO = 'package mine:io@0.2.3;\ninterface streams { resource s; drop: func(x: s); }\n';
const HTTP = `package mine:http@0.2.3;
interface types { use mine:io/streams@0.2.3.{s}; send: func(x: s) -> u32; }
interface handler { handle: func(); }
world proxy { import types; export handler; }
`;
const CLI = `package mine:cli@0.2.3;
interface stdout { use mine:io/streams@0.2.3.{s}; out: func() -> s; }
world imports { import stdout; }
`;
/** As func's template has it: a world of the project's own, made of the packages'. */
const WORLD = `package boson:function;
world boson { include mine:http/proxy@0.2.3; include mine:cli/imports@0.2.3; }
`;

/** A project in Go that func began: its WIT packages come from a registry, and the world resolves as TinyGo has it resolved, by wasm-tools. */
describe('WIT packages of a function', () => {
  const wasmTools = process.env['KWASM_PEER_WASM_TOOLS'] ?? '';
  const before_ = { ...process.env };
  let registry: RegistryProcess;
  let dir: string;
  let folder: string;

  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry.stop());
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-wit-peer-'));
    folder = join(dir, 'hello');
    write('hello/wit/world.wit', WORLD);
    Object.assign(process.env, { DOCKER_CONFIG: dir, XDG_CACHE_HOME: join(dir, 'cache') });
    process.env['PATH'] = [dirname(wasmTools), before_['PATH']].join(delimiter);
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    for (const key of ['DOCKER_CONFIG', 'XDG_CACHE_HOME', 'PATH']) {
      if (before_[key] === undefined) delete process.env[key];
      else process.env[key] = before_[key];
    }
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  const tools = (...args: readonly string[]) => spawnSync(wasmTools, args, { cwd: dir, encoding: 'utf8' });

  /** Published as wkg does it: the package and all that it needs, encoded, as the artifact's one layer. */
  async function published(name: string, text: string, deps: Readonly<Record<string, string>>): Promise<string> {
    write(`${name}/${name}.wit`, text);
    for (const [dep, of] of Object.entries(deps)) write(`${name}/deps/${dep}/${dep}.wit`, of);
    const { status, stderr } = tools('component', 'wit', name, '--wasm', '-o', `${name}.wasm`);
    expect(status, stderr).to.equal(0);
    const reference = `${registry.host}/wit/${name}:0.2.3`;
    const access = accessFrom(process.env);
    await pushModule(`${name}.wasm`, readFileSync(join(dir, `${name}.wasm`)), reference, access, { format: 'cncf' });
    return reference;
  }

  async function provision(builderImages: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const file = newFunctionFile('hello', 'go-wasi', new Date(0));
    const said: string[] = [];
    await provisionWit({
      folder,
      file: { ...file, build: { ...file.build, builderImages } },
      log: (line) => said.push(line),
      signal: undefined,
    });
    return said;
  }

  it('are fetched once, and make the world of the project whole', async () => {
    const images = { http: await published('http', HTTP, { io: IO }), cli: await published('cli', CLI, { io: IO }) };
    expect(tools('component', 'wit', 'hello/wit').status, 'without them').to.not.equal(0);
    expect(await provision(images)).to.have.length(2);
    expect(readdirSync(join(folder, 'wit/deps')).sort()).to.deep.equal(['cli', 'http', 'io']);
    const { stdout, stderr } = tools('component', 'wit', 'hello/wit');
    expect(stdout, stderr).to.contain('export mine:http/handler@0.2.3').and.to.contain('import mine:cli/stdout@0.2.3');
    write('empty.wat', '(module)');
    const embedded = tools('component', 'embed', 'hello/wit', '--world', 'boson', 'empty.wat', '-o', 'embedded.wasm');
    expect(embedded.status, embedded.stderr).to.equal(0);
    expect(await provision(images), 'a second time').to.deep.equal([]);
    expect(await provision({ http: images.http }), 'one fewer').to.have.length(1);
    expect(readdirSync(join(folder, 'wit/deps')).sort()).to.deep.equal(['http', 'io']);
  });

  it('leave alone what the author has put there', async () => {
    write('hello/wit/deps/io/io.wit', `// the author's own\n${IO}`);
    await provision({ http: await published('http', HTTP, { io: IO }) });
    expect(readFileSync(join(folder, 'wit/deps/io/io.wit'), 'utf8')).to.match(/^\/\/ the author's own/);
    expect(readdirSync(join(folder, 'wit/deps/io'))).to.deep.equal(['io.wit']);
    expect(tools('component', 'wit', 'hello/wit').stderr).to.contain('mine:cli');
  });

  it('that differ in what both bring along are refused, or the larger one is taken', async () => {
    const more = IO.replace('drop: func(x: s);', 'drop: func(x: s); flush: func(x: s);');
    const images = { http: await published('http', HTTP, { io: IO }), cli: await published('cli', CLI, { io: more }) };
    const refused = await provision(images).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(FuncError).and.include({ kind: 'witProvision' });
    expect(existsSync(join(folder, 'wit/deps'))).to.equal(false);
    const said = await provision({ ...images, __WASI_WIT_PROVIDER_MODE: 'forgiving' });
    expect(said.at(-1)).to.contain('mine:io@0.2.3: that of cli is the larger one');
    expect(readFileSync(join(folder, 'wit/deps/io/package.wit'), 'utf8')).to.contain('flush');
    expect(tools('component', 'wit', 'hello/wit').status).to.equal(0);
  });

  it('that are none are named', async () => {
    const component = Buffer.from('0061736d0d000100', 'hex');
    const reference = `${registry.host}/wit/empty:1`;
    await pushModule('empty.wasm', component, reference, accessFrom(process.env), { format: 'cncf' });
    const error = await provision({ empty: reference }).catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(FuncError).and.include({ kind: 'witProvision' });
    expect(String(error)).to.contain('dep "empty" from');
  });
});
