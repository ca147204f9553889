import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Change, Plan } from '../plan/change.ts';
import { frozenTemplates } from '../plan/frozen.ts';
import { planInstall } from '../plan/install.ts';
import { wasmtime } from '../plan/sample-facts.ts';
import { planUninstall } from '../plan/uninstall.ts';
import { applyChange, type GoldenHost, makeHost, type Row, readFacts, readRows, readTree } from './row.ts';

const newer = { ...wasmtime, sha256: 'fedcba9876543210'.repeat(4) };

for (const row of readRows()) {
  describe(`golden tree ${row.name}: ${row.what}`, () => {
    let scratch: string;
    let made: GoldenHost;
    beforeEach(() => {
      scratch = mkdtempSync(join(tmpdir(), 'kwasm-golden-'));
      made = makeHost(row, scratch);
    });
    afterEach(() => rmSync(scratch, { recursive: true, force: true }));

    it('is recognised by its processes', () => {
      const { facts, daemon } = readFacts(row, made);
      const { runtime } = facts;
      if (runtime.kind !== 'containerd') throw new Error('not containerd');
      const { kind, reload } = runtime.distribution;
      expect({
        kind,
        reload: reload.kind,
        unit: daemon.unit,
        socket: daemon.socket,
        binary: daemon.binary,
      }).to.deep.equal(row.expected);
    });

    it('install', () => {
      install(row, made);
      expect(readTree(made.root)).to.deep.equal(treeAfter(row));
    });

    it('install again: nothing', () => {
      install(row, made);
      expect(planInstall(readFacts(row, made).facts, [wasmtime])).to.have.property('kind', 'unchanged');
    });

    it('upgrade: the path of the shim changes, and nothing else', () => {
      install(row, made);
      applyChange(made, asChange(planInstall(readFacts(row, made).facts, [newer])));
      const upgraded = Object.entries(treeAfter(row)).map(([path, text]) => [
        path,
        text.replaceAll(wasmtime.sha256.slice(0, 16), newer.sha256.slice(0, 16)),
      ]);
      expect(readTree(made.root)).to.deep.equal(Object.fromEntries(upgraded));
    });

    it('uninstall', () => {
      install(row, made);
      const before = readTree(made.root);
      applyChange(made, asChange(planUninstall(readFacts(row, made).facts, [])));
      const after = readTree(made.root);
      expect(after).to.deep.equal(treeUninstalled(row));
      expect(after).to.not.deep.equal(before);
      const { facts } = readFacts(row, made);
      expect(planUninstall(facts, [])).to.have.property('kind', 'absent');
      // KWasm's copy of a rendered file stays, for it might be somebody's own; it is named.
      const left = facts.runtime.kind === 'containerd' ? frozenTemplates(facts.runtime).map(({ path }) => path) : [];
      const kwasmsTemplate = Object.keys(after).filter(
        (path) => row.directory.includes('k3s-1.7-kwasm') && path.endsWith('.tmpl'),
      );
      expect(left).to.deep.equal(kwasmsTemplate);
      if (row.directory.includes('k3s-1.7-kwasm')) expect(left).to.have.length(1);
    });
  });
}

function install(row: Row, made: GoldenHost): void {
  applyChange(made, asChange(planInstall(readFacts(row, made).facts, [wasmtime])));
}

function asChange(plan: Plan): Change {
  if (plan.kind !== 'change') throw new Error(`a change was expected: ${JSON.stringify(plan)}`);
  return plan;
}

const treeAfter = ({ directory }: Row) => readTree(join(directory, 'after'));

function treeUninstalled({ directory }: Row) {
  const own = join(directory, 'uninstalled');
  return readTree(existsSync(own) ? own : join(directory, 'before'));
}
