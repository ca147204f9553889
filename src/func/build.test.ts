import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildFunction } from './build.ts';
import type { Builder } from './compatibility.ts';
import { createFunction } from './create.ts';
import { FuncError, type FuncErrorKind } from './func-error.ts';
import { newFunctionFile, readFunctionFile, writeFunctionFile } from './function-file.ts';

/** A component without anything in it, and a core module. */
const COMPONENT = Buffer.from('0061736d0d000100', 'hex');
const CORE = Buffer.from('0061736d01000000', 'hex');

describe('kwasm func build', () => {
  let folder: string;
  const path = process.env['PATH'];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kwasm-func-'));
  });
  afterEach(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  });
  const begun = (runtime: string) => writeFunctionFile(folder, newFunctionFile('hello', runtime, new Date(0)));
  const refusal = async (builder?: Builder): Promise<readonly [FuncErrorKind, string]> => {
    const error = await buildFunction(folder, { builder }).catch((thrown: unknown) => thrown);
    if (!(error instanceof FuncError)) throw error;
    return [error.kind, error.message.replaceAll(folder, 'DIR')];
  };
  /** A program of this name, and nothing else, on the PATH. */
  const onPath = (programs: Readonly<Record<string, string>>) => {
    const bin = join(folder, '.func', 'bin');
    mkdirSync(bin, { recursive: true });
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    process.env['PATH'] = bin;
  };

  for (const runtime of ['python-wasi', 'c-wasi', 'cpp-wasi', 'dotnet-wasi', 'swift-wasi'])
    it(`${runtime} is known, and not built`, async () => {
      await begun(runtime);
      expect(await refusal()).to.deep.equal([
        'notImplemented',
        `WASM builder: runtime "${runtime}": not yet implemented`,
      ]);
    });
  it('leaves what becomes a container to func', async () => {
    await begun('go');
    expect((await refusal('host'))[0]).to.equal('notWasi');
  });
  it('refuses a builder that does not go with it', async () => {
    await begun('rust-wasi');
    expect(await refusal('pack')).to.deep.equal([
      'combination',
      'builder "pack" is not compatible with runtime "rust-wasi". Valid builders for this runtime are: wasm',
    ]);
  });

  describe('without its toolchain', () => {
    const cases = [
      {
        runtime: 'go-wasi',
        there: {},
        says: 'go not found on PATH (install from https://go.dev/dl): build toolchain not found',
      },
      {
        runtime: 'go-wasi',
        there: { go: 'echo go1.23.12' },
        says: 'go 1.23 cannot make components; 1.24 or newer can (install from https://go.dev/dl): build toolchain not found',
      },
      {
        runtime: 'go-wasi',
        there: { go: 'echo "go: toolchain not available" >&2; exit 1' },
        says: 'go: toolchain not available: build toolchain not found',
      },
      {
        runtime: 'rust-wasi',
        there: {},
        says: 'cargo not found on PATH (install from https://rustup.rs): build toolchain not found',
      },
      {
        runtime: 'rust-wasi',
        there: { cargo: 'exit 9', rustc: 'echo /nowhere' },
        says: 'wasm32-wasip2 target not installed; run: rustup target add wasm32-wasip2: build toolchain not found',
      },
    ] as const;
    for (const { runtime, there, says } of cases) {
      it(says, async () => {
        await begun(runtime);
        onPath(there);
        expect(await refusal()).to.deep.equal(['toolchain', says]);
      });
    }
    for (const runtime of ['ts-wasi', 'js-wasi']) {
      it(`${runtime}: names the package and the command`, async () => {
        const project = join(folder, 'hello');
        await createFunction(project, runtime);
        const error = await buildFunction(project).catch((thrown: unknown) => thrown);
        expect(error).to.include({ kind: 'toolchain' });
        expect(String(error)).to.match(
          / is not installed; run: npm install --prefix .*hello: build toolchain not found$/,
        );
      });
    }
  });

  it('names TinyGo where func began the project', async () => {
    await begun('go-wasi');
    mkdirSync(join(folder, 'wit'));
    onPath({ go: 'exit 9' });
    expect(await refusal()).to.deep.equal([
      'toolchain',
      'tinygo not found on PATH (install from https://tinygo.org): build toolchain not found',
    ]);
  });
  it('asks for the module of a handler in Go', async () => {
    await begun('go-wasi');
    onPath({ go: 'echo go1.24' });
    const [kind, text] = await refusal();
    expect(kind).to.equal('input');
    expect(text).to.match(/^DIR\/go\.mod cannot be read: .*; run: go mod init function$/);
  });
  describe('with WIT packages in func.yaml', () => {
    const wants = async (builderImages: Readonly<Record<string, string>>) => {
      const file = newFunctionFile('hello', 'go-wasi', new Date(0));
      await writeFunctionFile(folder, { ...file, build: { ...file.build, builderImages } });
      onPath({ tinygo: 'exit 9', go: 'exit 9', 'wasm-opt': 'exit 9', 'wasm-tools': 'exit 9' });
      return await refusal();
    };
    const HTTP = 'localhost:1/wasi/http:0.2.3';

    it('names the reference that no registry has', async () => {
      const [kind, text] = await wants({ http: HTTP, __WASI_WIT_PROVIDER_MODE: 'forgiving' });
      expect(kind).to.equal('ociPull');
      expect(text).to.contain(`OCI pull failed: ${HTTP}: `);
    });
    it('does not ask for one that its author has put there', async () => {
      mkdirSync(join(folder, 'wit/deps/http'), { recursive: true });
      expect(await wants({ http: HTTP })).to.deep.equal(['build', 'go mod ended with 9']);
    });
    it('takes no key for a path, and no mode that there is not', async () => {
      expect((await wants({ '../http': HTTP }))[1]).to.contain('"../http" is no name of a directory');
      expect((await wants({ http: HTTP, __WASI_WIT_PROVIDER_MODE: 'lax' }))[1]).to.contain(
        '__WASI_WIT_PROVIDER_MODE is lax; write strict or forgiving',
      );
    });
  });

  describe('with a compiler', () => {
    const rust = async (cargo: string) => {
      await begun('rust-wasi');
      onPath({ cargo, rustc: `echo ${folder}` });
    };
    const made = (name: string, bytes: Buffer) => {
      mkdirSync(join(folder, 'target/wasm32-wasip2/release'), { recursive: true });
      writeFileSync(join(folder, 'target/wasm32-wasip2/release', name), bytes);
    };

    it('that makes nothing', async () => {
      await rust('exit 0');
      expect(await refusal()).to.deep.equal([
        'noBinary',
        'no .wasm binary found in DIR/target/wasm32-wasip2/release after cargo build: no WASM binary produced',
      ]);
    });
    it('that fails', async () => {
      await rust('exit 101');
      expect(await refusal()).to.deep.equal(['build', 'cargo build ended with 101']);
    });
    it('that makes a core module', async () => {
      made('hello.wasm', CORE);
      await rust('exit 0');
      const [kind, text] = await refusal();
      expect([kind, text]).to.deep.equal([
        'build',
        'DIR/target/wasm32-wasip2/release/hello.wasm: not a component; build for wasm32-wasip2',
      ]);
    });
    it('that makes a component which answers no request; the largest counts', async () => {
      made('hello.wasm', COMPONENT);
      made('a-small-one.wasm', CORE.subarray(0, 4));
      await rust('exit 0');
      expect((await refusal())[1]).to.contain('hello.wasm: exports nothing, and no wasi:http/incoming-handler@0.2.x');
    });
    it('that makes no Wasm', async () => {
      made('hello.wasm', Buffer.from('#!/bin/sh'));
      await rust('exit 0');
      expect((await refusal())[1]).to.contain('hello.wasm: not a WebAssembly module (9 bytes)');
    });
    it('writes nothing to func.yaml', async () => {
      await rust('exit 0');
      const before = await readFunctionFile(folder);
      await refusal();
      expect(await readFunctionFile(folder)).to.deep.equal(before);
    });
  });
});
