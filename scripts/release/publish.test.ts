import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CHECKSUMS, checkOnly, writeChecksums } from './checksums.ts';
import { billsOf } from './publish.ts';
import { signings } from './signatures.ts';

describe('what a release publishes', () => {
  it('has the architectures whose bills are there', () => {
    const files = [
      'kwasm-demo-0.3.0-amd64.cdx.json',
      'kwasm-operator-0.3.0-arm64.cdx.json',
      'kwasm-operator-0.2.0-amd64.cdx.json',
    ];
    expect(billsOf('kwasm-operator', '0.3.0', files).map(({ architecture }) => architecture)).to.deep.equal(['arm64']);
    expect(() => billsOf('kwasm-canary', '0.3.0', files)).to.throw('no bill of kwasm-canary 0.3.0');
  });

  it('has checksums of every file but themselves and their signature', () => {
    const dist = mkdtempSync(join(tmpdir(), 'kwasm-dist-'));
    try {
      for (const name of ['b', 'a', CHECKSUMS, `${CHECKSUMS}.sigstore.json`]) writeFileSync(join(dist, name), '');
      const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
      expect(readFileSync(writeChecksums(dist), 'utf8')).to.equal(`${empty}  a\n${empty}  b\n`);
    } finally {
      rmSync(dist, { recursive: true, force: true });
    }
  });

  it('has nothing of another release beside it', () => {
    const dist = mkdtempSync(join(tmpdir(), 'kwasm-dist-'));
    try {
      for (const name of [
        'images.txt',
        'kwasm-operator-0.3.0.tgz',
        'kwasm-node-installer-0.3.0-arm64.cdx.json',
        CHECKSUMS,
      ]) {
        writeFileSync(join(dist, name), '');
      }
      expect(() => checkOnly(dist, '0.3.0')).to.not.throw();
      expect(() => checkOnly(dist, '0.3.1')).to.throw('kwasm-operator-0.3.0.tgz');
      writeFileSync(join(dist, 'notes.txt'), '');
      expect(() => checkOnly(dist, '0.3.0')).to.throw('not of 0.3.0: notes.txt');
    } finally {
      rmSync(dist, { recursive: true, force: true });
    }
  });

  it('is signed by digest, image, bill and checksums', () => {
    const image = { reference: 'r.example/kwasm-operator@sha256:ab', bills: ['one.cdx.json'] };
    const all = signings([image, { reference: 'r.example/charts/kwasm-operator@sha256:cd', bills: [] }], '/dist');
    expect(all.map(([verb]) => verb)).to.deep.equal(['sign', 'attest', 'sign', 'sign-blob']);
    for (const args of all.slice(0, 3)) expect(args.at(-1)).to.match(/@sha256:/);
    expect(all[1]).to.include('/dist/one.cdx.json').and.to.include('cyclonedx');
    expect(all[3]?.at(-1)).to.equal(`/dist/${CHECKSUMS}`);
  });
});
