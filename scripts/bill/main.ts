import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';
import { PROGRAMS } from '../images/bundle.ts';
import { toolchain } from '../toolchain/toolchain.ts';
import { type Crate, type Crates, LIBSECCOMP, linkedCrates, lockHash, metadataSchema } from './crates.ts';
import { licenceFile, SHIM_CRATES } from './inventory.ts';
import { objection } from './licence.ts';
import { type BundledPackage, bundledPackages } from './npm.ts';
import { type Licensed, textsOf, thirdPartyLicenses } from './texts.ts';

const RUST = '1.95';
const METADATA_MS_MAX = 10 * 60_000;
const root = join(import.meta.dirname, '../..');

const INTRO = `Kwasm is under the Apache License 2.0. Below is what others wrote and is part of its programs: npm packages in the bundles of
the operator, the installer and the runner, and crates in the shims and the runner; then their licence texts, each once, below those that came with it.
Node.js has its own: https://github.com/nodejs/node/blob/main/LICENSE. Debian's packages in the base image carry theirs in
/usr/share/doc/PACKAGE/copyright. Made by \`npm run licences\`; do not edit.`;

/** Writes THIRD-PARTY-LICENSES and each shim's crates.json, unless a part's licence is none that we take. */
async function main(): Promise<void> {
  const npm = await npmPackages();
  const crates: (readonly Crate[])[] = [];
  for (const crate of SHIM_CRATES) crates.push(await cratesOf(crate));
  const all: readonly Licensed[] = [
    ...[...npm, ...crates.flat()].map(({ part, dir }) => ({ part, texts: textsOf(dir) })),
    { part: LIBSECCOMP, texts: [] },
  ];
  const objections = all.flatMap(({ part }) => objection(part) ?? []);
  if (objections.length > 0) throw new Terminal(`these must not go into an image:\n${objections.join('\n')}`);
  for (const [at, crate] of SHIM_CRATES.entries()) {
    const record: Crates = { lock: lockHash(crate), crates: (crates[at] ?? []).map(recorded) };
    writeFileSync(join(crate, 'crates.json'), `${JSON.stringify(record, undefined, 2)}\n`);
  }
  writeFileSync(licenceFile(root), thirdPartyLicenses(INTRO, all));
  console.log(`${npm.length} npm packages and ${crates.flat().length} crates: every licence is one that we take`);
}

async function npmPackages(): Promise<readonly BundledPackage[]> {
  const found = [
    ...(await bundledPackages(root, PROGRAMS.operator)),
    ...(await bundledPackages(root, PROGRAMS.installer)),
    ...(await bundledPackages(root, PROGRAMS.runner)),
  ];
  return [...new Map(found.map((entry) => [entry.dir, entry])).values()];
}

async function cratesOf(crate: string): Promise<readonly Crate[]> {
  const cargo = await toolchain('cargo', { version: RUST, packages: [], say: (line) => console.error(line) });
  const target = process.arch === 'arm64' ? 'aarch64-unknown-linux-gnu' : 'x86_64-unknown-linux-gnu';
  const args = ['metadata', '--locked', '--format-version', '1', '--filter-platform', target];
  const { file, args: given, cwd, env } = cargo.command(args, { cwd: crate, env: {}, writable: [] });
  const printed = await command(file, given, { cwd, env, timeoutMs: METADATA_MS_MAX });
  return linkedCrates(metadataSchema.parse(JSON.parse(printed)), readFileSync(join(crate, 'Cargo.lock'), 'utf8'));
}

function recorded({ part: { name, version = '', licence, sha256 = '' } }: Crate): Crates['crates'][number] {
  return { name, version, licence: licence.kind === 'expression' ? licence.expression : '', sha256 };
}

main().catch((error: unknown) => {
  console.error(`licences: ${messageOf(error)}`);
  process.exitCode = 1;
});
