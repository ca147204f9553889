import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { liveHandlers } from '../../src/installer/detect/facts.ts';
import { applyChange, type GoldenHost, makeHost, type Row, readFacts } from '../../src/installer/golden/row.ts';
import type { Change, Plan } from '../../src/installer/plan/change.ts';
import { unexpectedDifference } from '../../src/installer/plan/difference.ts';
import type { ContainerdFacts, Facts } from '../../src/installer/plan/facts.ts';
import { declaredHandlers, isKwasmType, RUNTIMES } from '../../src/installer/plan/handlers.ts';
import { planInstall } from '../../src/installer/plan/install.ts';
import { canonical } from '../../src/installer/plan/same.ts';
import { wasmtime } from '../../src/installer/plan/sample-facts.ts';
import { shadowOf } from '../../src/installer/plan/shadow.ts';
import { tableAt } from '../../src/installer/plan/toml.ts';
import { planUninstall } from '../../src/installer/plan/uninstall.ts';
import { dump, start } from './namespace.ts';

export interface Daemon {
  readonly version: string;
  readonly binary: string;
}

const SHADOW = '/var/lib/kwasm/shadow';

/** One row's plans, loaded and started by one real containerd. Throws what is wrong. */
export async function checkRow(row: Row, daemon: Daemon): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'kwasm-containerds-'));
  try {
    const made = makeHost(row, scratch);
    const load = () =>
      dump(made.root, daemon.binary, rootOf(row, made), existsSync(join(made.root, rootOf(row, made))));
    const today = await load();
    const install = asChange(planInstall(factsOf(row, made, daemon, today), [wasmtime]));
    const shadow = await loadShadow(row, made, daemon, today, install);
    applyChange(made, install);
    const installed = await load();
    expectOnly(today, installed, install);
    if (canonical(withoutFiles(shadow)) !== canonical(withoutFiles(installed)))
      throw new Error('the shadow copy is loaded with other settings than the files themselves');
    await expectServed(row, made, daemon, scratch, install);
    const again = planInstall(factsOf(row, made, daemon, installed), [wasmtime]);
    if (again.kind !== 'unchanged') throw new Error(`a second install is no no-op: ${JSON.stringify(again)}`);
    const uninstall = asChange(planUninstall(factsOf(row, made, daemon, installed), []));
    applyChange(made, uninstall);
    expectOnly(installed, await load(), uninstall);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const rootOf = (row: Row, made: GoldenHost): string => runtimeOf(readFacts(row, made).facts).config.root.path;

/** With what the real daemon says in the place of what a golden tree makes up. */
function factsOf(row: Row, made: GoldenHost, { version }: Daemon, loaded: unknown): Facts {
  const { facts } = readFacts(row, made);
  const live = declaredHandlers(loaded).map(({ schema, name, type }) => ({
    name,
    type,
    options: tableAt(loaded, [...RUNTIMES[schema], name, 'options']) ?? {},
  }));
  return { ...facts, runtime: { ...runtimeOf(facts), version, dump: loaded, live } };
}

function runtimeOf({ runtime }: Facts): ContainerdFacts {
  if (runtime.kind !== 'containerd') throw new Error('not containerd');
  return runtime;
}

function asChange(plan: Plan): Change {
  if (plan.kind !== 'change') throw new Error(`a change was expected: ${JSON.stringify(plan)}`);
  return plan;
}

async function loadShadow(
  row: Row,
  made: GoldenHost,
  daemon: Daemon,
  today: unknown,
  change: Change,
): Promise<unknown> {
  const { config } = runtimeOf(factsOf(row, made, daemon, today));
  const files = shadowOf(config, change.files, SHADOW);
  for (const { path, text } of files) {
    mkdirSync(dirname(join(made.root, path)), { recursive: true });
    writeFileSync(join(made.root, path), text);
  }
  const planned = await dump(made.root, daemon.binary, files[0]?.path ?? '', true);
  rmSync(join(made.root, SHADOW), { recursive: true });
  expectOnly(today, planned, change);
  return planned;
}

function expectOnly(before: unknown, after: unknown, change: Change): void {
  const wrong = unexpectedDifference(before, after, change);
  if (wrong !== undefined) throw new Error(wrong);
}

function withoutFiles(loaded: unknown): unknown {
  const { imports: _, ...settings } = tableAt(loaded, []) ?? {};
  return settings;
}

async function expectServed(
  row: Row,
  made: GoldenHost,
  { binary }: Daemon,
  scratch: string,
  { handlers }: Change,
): Promise<void> {
  const served = liveHandlers(await start(made.root, binary, rootOf(row, made), join(scratch, 'daemon')));
  for (const { name, type, systemdCgroup } of handlers) {
    const live = served.find((handler) => handler.name === name);
    if (live?.type !== type || live.options['SystemdCgroup'] !== systemdCgroup)
      throw new Error(`started, it serves "${name}" as ${JSON.stringify(live)}`);
  }
  if (!served.some(({ type }) => !isKwasmType(type))) throw new Error('started, it serves no runc');
}
