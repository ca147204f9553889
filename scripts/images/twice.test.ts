import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { REPOSITORIES } from './registry.ts';
import { compared } from './twice.ts';

describe('two builds compared', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-twice-'));
    for (const name of ['one', 'other']) {
      mkdirSync(join(dir, name, 'context/operator'), { recursive: true });
      writeFileSync(join(dir, name, 'context/operator/operator.mjs'), 'program');
    }
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const digests = Object.fromEntries(Object.values(REPOSITORIES).map((name) => [name, `sha256:${name}`]));
  const one = () => ({ dir: join(dir, 'one'), digests });
  const other = (changed: Readonly<Record<string, string>> = {}) => {
    return { dir: join(dir, 'other'), digests: { ...digests, ...changed } };
  };

  it('agree when every digest does', () => expect(compared(one(), other())).to.deep.equal(digests));

  it('name the image and the files in which they differ', () => {
    writeFileSync(join(dir, 'other/context/operator/operator.mjs'), 'program of 12:01');
    const differing = () => compared(one(), other({ 'kwasm-operator': 'sha256:2' }));
    expect(differing).to.throw(/kwasm-operator: sha256:kwasm-operator and sha256:2; files: operator\.mjs/);
  });

  it('point to the base when the files are the same', () => {
    expect(() => compared(one(), other({ 'kwasm-operator': 'sha256:2' }))).to.throw('the base layers differ');
  });

  it('refuse a build that lacks an image', () => {
    expect(() => compared(one(), { dir: join(dir, 'other'), digests: {} })).to.throw('was not made');
  });
});
