import { expect } from 'chai';
import { FuncError } from '../func-error.ts';
import { choosePackages, packageId, type WitPackage } from './wit-packages.ts';

function found(key: string, id: string, text: string, direct = false): WitPackage {
  return { key, id, text, direct, reference: `registry.example/${key}:1` };
}

const HTTP = found('http', 'wasi:http@0.2.3', 'http', true);

describe('choosePackages', () => {
  it('puts what is named under its key, and what comes with it under its name', () => {
    const io = found('http', 'wasi:io@0.2.3', 'io');
    const { directories } = choosePackages([io, { ...HTTP, key: 'web' }], 'strict');
    expect([...directories]).to.deep.equal([
      ['web', 'http'],
      ['io', 'io'],
    ]);
  });

  it('takes the package that is named itself before the part of it that came with another', () => {
    const part = found('cli', 'wasi:http@0.2.3', 'part of http, and longer');
    for (const packages of [
      [part, HTTP],
      [HTTP, part],
    ]) {
      expect([...choosePackages(packages, 'strict').directories]).to.deep.equal([['http', 'http']]);
    }
  });

  it('strict: parts that differ are refused, and it is said what to do', () => {
    const parts = [found('cli', 'wasi:io@0.2.3', 'one'), found('http', 'wasi:io@0.2.3', 'another')];
    expect(() => choosePackages(parts, 'strict'))
      .to.throw(FuncError)
      .that.satisfies(
        ({ kind, message }: FuncError) =>
          kind === 'witProvision' && message.includes('wasi:io@0.2.3') && message.includes('forgiving'),
      );
    const equal = [found('cli', 'wasi:io@0.2.3', 'one'), found('http', 'wasi:io@0.2.3', 'one')];
    expect(choosePackages(equal, 'strict').directories.get('io')).to.equal('one');
  });

  it('forgiving: the larger one, with a word about it; one of the same length is none', () => {
    const parts = [found('cli', 'wasi:io@0.2.3', 'one'), found('http', 'wasi:io@0.2.3', 'another')];
    for (const packages of [parts, parts.toReversed()]) {
      const { directories, warnings } = choosePackages(packages, 'forgiving');
      expect(directories.get('io')).to.equal('another');
      expect(warnings).to.have.length(1);
    }
    const alike = [found('cli', 'wasi:io@0.2.3', 'one'), found('http', 'wasi:io@0.2.3', 'two')];
    expect(choosePackages(alike, 'forgiving')).to.deep.include({ warnings: [] });
  });

  it('keeps packages of one name in two namespaces apart', () => {
    const packages = [found('a', 'wasi:io@0.2.3', 'one'), found('a', 'mine:io@1.0.0', 'two')];
    expect([...choosePackages(packages, 'strict').directories.keys()]).to.deep.equal(['io', 'mine-io']);
  });
});

describe('packageId', () => {
  it('is that of the file, with its version', () => {
    expect(packageId('// a word\npackage wasi:http@0.2.3;\n\ninterface types {}\n')).to.equal('wasi:http@0.2.3');
    expect(packageId('package mine:own;\n')).to.equal('mine:own');
    expect(packageId('interface types {}\n')).to.equal(undefined);
  });
});
