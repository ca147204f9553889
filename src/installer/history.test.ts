import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Outcome } from '../verdict.ts';
import { describeHistory, readHistory, remember } from './history.ts';
import type { Host } from './host.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('the history of a host', () => {
  let root: string;
  let host: Host;
  const verdict = (outcome: Outcome, reason = 'Installed') => ({
    outcome,
    reason,
    message: `${outcome} it is`,
    handlers: [],
    files: ['/etc/containerd/conf.d/kwasm.toml'],
    steps: [{ name: 'verify', ms: 1500 }],
  });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-history-'));
    host = { at: (path: string) => join(root, path) } as Host;
    mkdirSync(join(root, 'var/lib/kwasm'), { recursive: true });
    writeFileSync(join(root, 'var/lib/kwasm/record.json'), '{}');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('tells how runs ended, and what is open', () => {
    remember(host, 'install', verdict('installed'), NOW_MS);
    remember(host, 'install', verdict('rolledBack', 'HandlerLost'), NOW_MS + 60_000);
    mkdirSync(join(root, 'var/lib/kwasm/txn/7-a'), { recursive: true });
    expect(describeHistory(host)).to.deep.equal([
      'Journal',
      '  open: transaction 7-a, in /var/lib/kwasm/txn/7-a',
      '  2026-01-02T03:04:05Z  install installed (Installed) in 1.5 s: installed it is',
      '  2026-01-02T03:05:05Z  install rolledBack (HandlerLost) in 1.5 s: rolledBack it is',
    ]);
  });

  it('is silent of runs that changed nothing, and of a host without an installation', () => {
    for (const outcome of ['unchanged', 'absent', 'refused', 'uninstalled'] as const)
      remember(host, 'install', verdict(outcome), NOW_MS);
    remember(host, 'install', verdict('failed', 'Locked'), NOW_MS);
    rmSync(join(root, 'var/lib/kwasm/record.json'));
    remember(host, 'install', verdict('failed', 'NoSpace'), NOW_MS);
    expect(readHistory(host)).to.deep.equal([]);
  });

  it('keeps the last 50, and reads past a line that somebody broke', () => {
    const path = join(root, 'var/lib/kwasm/history.jsonl');
    writeFileSync(path, '{"at": \n');
    for (let run = 0; run < 60; run += 1) remember(host, 'install', verdict('installed'), NOW_MS + run * 1000);
    expect(readHistory(host)).to.have.length(50);
    expect(readHistory(host).at(-1)?.at).to.equal('2026-01-02T03:05:04.000Z');
    expect(readFileSync(path, 'utf8').trim().split('\n')).to.have.length(50);
  });
});
