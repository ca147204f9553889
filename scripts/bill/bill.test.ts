import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Blobs } from '../images/blobs.ts';
import { cyclonedx } from './cyclonedx.ts';
import { debianParts, licenceNames } from './debian.ts';
import { layerFiles } from './layer-files.ts';
import { packageDirOf } from './npm.ts';
import { distinct, expression, type Part, purlOf } from './part.ts';
import { thirdPartyLicenses } from './texts.ts';

const part = (over: Partial<Part> = {}): Part => {
  return { kind: 'npm', name: 'zod', version: '4.6.7', licence: expression('MIT'), ...over };
};

describe('a bill of materials', () => {
  const purls = [
    { given: part(), purl: 'pkg:npm/zod@4.6.7' },
    { given: part({ name: '@grpc/grpc-js', version: '1.14.7' }), purl: 'pkg:npm/%40grpc/grpc-js@1.14.7' },
    { given: part({ kind: 'cargo', name: 'anyhow', version: '1.0.1' }), purl: 'pkg:cargo/anyhow@1.0.1' },
    { given: part({ kind: 'deb', name: 'libc6', version: '1:2.41+x' }), purl: 'pkg:deb/debian/libc6@1%3A2.41%2Bx' },
    { given: part({ kind: 'linked', name: 'libseccomp', version: undefined }), purl: 'pkg:generic/libseccomp' },
  ];
  for (const { given, purl } of purls) it(`calls it ${purl}`, () => expect(purlOf(given)).to.equal(purl));

  it('has each part once, sorted, and is the same whatever the order', () => {
    const [a, b] = [part({ name: 'a' }), part({ name: 'b' })];
    expect(distinct([b, a, b])).to.deep.equal([a, b]);
  });

  it('is CycloneDX, without a time', () => {
    const subject = { name: 'kwasm-operator', version: '0.3.0', digest: `sha256:${'ab'.repeat(32)}` };
    const named = { kind: 'named', names: ['GPL-3+', 'MIT'] } as const;
    const deb = part({ kind: 'deb', name: 'sed', version: '4.9', licence: named });
    const bill = JSON.parse(cyclonedx(subject, [part({ name: '@grpc/grpc-js', sha256: 'cd'.repeat(32) }), deb]));
    expect(bill).to.include({ bomFormat: 'CycloneDX', specVersion: '1.6' }).and.not.have.any.keys('serialNumber');
    expect(bill.metadata).to.have.all.keys('component');
    expect(bill.components[0]).to.deep.include({ group: '@grpc', name: 'grpc-js', licenses: [{ expression: 'MIT' }] });
    expect(bill.components[0].hashes).to.deep.equal([{ alg: 'SHA-256', content: 'cd'.repeat(32) }]);
    expect(bill.components[1].licenses).to.deep.equal([{ license: { name: 'GPL-3+' } }, { license: { name: 'MIT' } }]);
    expect(bill.dependencies[0].dependsOn).to.deep.equal(bill.components.map((one: { purl: string }) => one.purl));
  });
});

describe("an image's parts", () => {
  it('are the innermost packages of the files in a bundle', () => {
    expect(packageDirOf('node_modules/a/lib/x.js')).to.deep.equal(['node_modules/a']);
    expect(packageDirOf('node_modules/a/node_modules/@b/c/x.js')).to.deep.equal(['node_modules/a/node_modules/@b/c']);
    expect(packageDirOf('src/operator/main.ts')).to.deep.equal([]);
  });

  it("are Debian's packages with the licences of their copyright files", () => {
    const control = Buffer.from('Package: sed\nVersion: 4.9-2\nArchitecture: amd64\n');
    const copyright =
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nLicense: GPL-3+\n\nLicense: GPL-3+\n text\n';
    const files = new Map([
      ['var/lib/dpkg/status.d/sed', control],
      ['usr/share/doc/sed/copyright', Buffer.from(copyright)],
    ]);
    const licence = { kind: 'named', names: ['GPL-3+'] };
    expect(debianParts(files)).to.deep.equal([{ kind: 'deb', name: 'sed', version: '4.9-2', licence }]);
    expect(licenceNames('This package was debianized by hand.')).to.deep.equal(['see its copyright file']);
    expect(() => debianParts(new Map([['var/lib/dpkg/status.d/x', Buffer.from('')]]))).to.throw('has no Package');
  });

  it('are read from a layer as it lies in the image', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'kwasm-bill-'));
    try {
      const blobs = new Blobs(dir);
      const long = `${'deep/'.repeat(30)}file`;
      const file = (path: string, text: string) =>
        ({ kind: 'file', path, mode: 0o644, content: Buffer.from(text) }) as const;
      const layer = await blobs.layer([
        { kind: 'directory', path: 'a', mode: 0o755 },
        file('a/one', 'x'.repeat(1000)),
        file('a/two', '2'),
        file(long, 'long'),
      ]);
      const found = layerFiles(blobs.pathOf(layer.digest), (path) => path !== 'a/one');
      expect([...found].map(([path, content]) => `${path}=${content}`)).to.deep.equal(['a/two=2', `${long}=long`]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe('third-party licences', () => {
  it('have a text once, below all parts that came with it', () => {
    const text = thirdPartyLicenses('intro', [
      { part: part({ name: 'b' }), texts: ['Permission is\r\ngranted'] },
      { part: part({ name: 'a' }), texts: ['Permission  is granted\n'] },
      { part: part({ name: 'c' }), texts: [] },
    ]);
    expect(text.split('Permission')).to.have.lengthOf(2);
    expect(text)
      .to.match(/^intro\n\nnpm a 4\.6\.7: MIT\n/)
      .and.include('\nnpm a 4.6.7, npm b 4.6.7\n');
  });
});
