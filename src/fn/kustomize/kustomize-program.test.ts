import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { findKustomize } from './kustomize-program.ts';

describe("kustomize's program", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-path-'));
    mkdirSync(join(dir, 'a/kustomize'), { recursive: true }); // a directory of that name
    mkdirSync(join(dir, 'b'));
    writeFileSync(join(dir, 'b/kustomize'), '#!/bin/sh\n');
    chmodSync(join(dir, 'b/kustomize'), 0o755);
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const find = (named: string | undefined, ...dirs: readonly string[]) =>
    findKustomize(named, { PATH: dirs.map((name) => join(dir, name)).join(delimiter) });

  it('the first program on PATH', async () =>
    expect(await find(undefined, 'a', 'b')).to.equal(join(dir, 'b/kustomize')));
  it('an empty name is none', async () => expect(await find('', 'b')).to.equal(join(dir, 'b/kustomize')));
  it('the one that is named', async () =>
    expect(await find(join(dir, 'b/kustomize'))).to.equal(join(dir, 'b/kustomize')));
  it('says how to get it', async () => {
    expect(await find(undefined, 'a').catch(String)).to.contain('go install sigs.k8s.io/kustomize/kustomize/v5@latest');
    expect(await find(join(dir, 'a/kustomize')).catch(String)).to.contain('is not a program');
  });
});
