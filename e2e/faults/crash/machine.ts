import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials, type ServiceDefinition, type sendUnaryData } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { execa } from 'execa';
import { stringify } from 'smol-toml';
import { systemClock } from '../../../src/clock.ts';
import type { Context } from '../../../src/installer/apply/context.ts';
import { stageShims } from '../../../src/installer/apply/stage.ts';
import { runTransaction, tidyState } from '../../../src/installer/apply/transaction.ts';
import type { Cri } from '../../../src/installer/cri/client.ts';
import { descriptor, SERVICE } from '../../../src/installer/cri/messages.ts';
import { readConfig } from '../../../src/installer/detect/config.ts';
import type { Daemon } from '../../../src/installer/detect/daemon.ts';
import { type Host, openHost } from '../../../src/installer/host.ts';
import type { Plan } from '../../../src/installer/plan/change.ts';
import type { ContainerdFacts, Facts } from '../../../src/installer/plan/facts.ts';
import { planInstall } from '../../../src/installer/plan/install.ts';
import { ROOT, sampleFacts, wasmtime } from '../../../src/installer/plan/sample-facts.ts';
import type { ShimAsset } from '../../../src/installer/plan/shim.ts';
import { planUninstall } from '../../../src/installer/plan/uninstall.ts';
import { readRecord } from '../../../src/installer/record.ts';
import { jsonLogger } from '../../../src/log.ts';

/**
 * A host whose disk is this namespace's own and whose systemd and containerd are made up, so that the installer's own code
 * and the restore script run on it as they are.
 */
export const RUN = '/run/crash-states';
/** Hundreds of scripts are run: on a busy machine one of them took longer than five seconds, which looked broken. */
export const RESTORE_MS = 60_000;
export const DISK = ['/etc/containerd', '/etc/systemd/system', '/var/lib/kwasm', '/opt/kwasm'];

const SYSTEMCTL = `#!/bin/sh
state=${RUN}
case "$*" in
  *kwasm-switch*) case "$1" in is-active) [ -f $state/timer ] && echo active ;; stop) rm -f $state/timer ;; *) echo ActiveState=inactive ;; esac ;;
  'show '*) echo ActiveState=active; echo "InvocationID=$(cat $state/invocation)"; echo MainPID=42 ;;
  'is-active '*) cat $state/active ;;
  'reset-failed '*) ;;
  '--no-block restart '*) echo active >$state/active; echo $(($(cat $state/invocation) + 1)) >$state/invocation ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

export function startMachine(): void {
  mkdirSync(join(RUN, 'bin'), { recursive: true });
  writeFileSync(join(RUN, 'bin/systemctl'), SYSTEMCTL, { mode: 0o755 });
  writeFileSync(join(RUN, 'bin/systemd-run'), `#!/bin/sh\n: >${RUN}/timer\n`, { mode: 0o755 });
  writeFileSync(join(RUN, 'invocation'), '1\n');
  writeFileSync(join(RUN, 'active'), 'active\n');
}

/** After a power cut: the daemon has yet to be started. */
export function downAgain(): void {
  writeFileSync(join(RUN, 'active'), 'inactive\n');
}

export function hostOf(version: string): Host {
  const host = openHost('/');
  return {
    ...host,
    run: async ([program = '', ...args], { timeoutMs }) => {
      const result = (stdout: string) => ({ exitCode: 0, timedOut: false, stdout, stderr: '', why: '' });
      if (program.startsWith('/opt/kwasm')) return result('');
      if (program === '/usr/bin/containerd')
        return result(stringify(factsOf(host, version, args[1] ?? ROOT).dump as object));
      const env = { PATH: `${RUN}/bin:${process.env['PATH']}`, KWASM_RESTORE_WAIT_SECONDS: '1' };
      const done = await execa(program, args, { reject: false, timeout: timeoutMs, env });
      return {
        exitCode: done.exitCode,
        timedOut: done.timedOut,
        stdout: done.stdout,
        stderr: done.stderr,
        why: done.stderr,
      };
    },
  };
}

function wholeFacts(host: Host, version: string, root: string): Facts {
  const { createdDirectories } = readRecord(host);
  return { ...sampleFacts(version, readConfig(host, root)), createdDirectories };
}

function factsOf(host: Host, version: string, root: string): ContainerdFacts {
  const { runtime } = wholeFacts(host, version, root);
  if (runtime.kind !== 'containerd') throw new Error('sample facts have a containerd');
  return runtime;
}

/** It serves what the files said when it was last started; a broken one serves none of ours. */
function criOf(host: Host, version: string, broken: boolean): Cri {
  const invocation = () => readFileSync(join(RUN, 'invocation'), 'utf8');
  let loaded: { by: string; live: ContainerdFacts['live'] } = {
    by: invocation(),
    live: factsOf(host, version, ROOT).live,
  };
  return {
    version: async () => ({ name: 'containerd', version }),
    status: async () => {
      if (loaded.by !== invocation()) loaded = { by: invocation(), live: factsOf(host, version, ROOT).live };
      const live = loaded.live.filter(({ name }) => !broken || name === 'runc');
      const runtimes = live.map(({ name, type, options }) => [name, { runtimeType: type, options }]);
      return {
        ready: true,
        message: '',
        handlers: [],
        config: { containerd: { runtimes: Object.fromEntries(runtimes) } },
      };
    },
    sandboxes: async () => [],
    sandboxPid: async () => undefined,
    containers: async () => [],
    container: async () => undefined,
    close: () => {},
  };
}

/** The same, for whoever connects: what a recovery proves, it proves over CRI. */
export async function serveCri(version: string): Promise<void> {
  const service = fromJSON(descriptor, { longs: Number, defaults: true })[SERVICE];
  if (service === undefined) throw new TypeError(`no service ${SERVICE}`);
  const { server, socket } = { server: new Server(), socket: '/run/containerd/containerd.sock' };
  const live = criOf(hostOf(version), version, false);
  const answer = (reply: () => Promise<object>) => (_: unknown, done: sendUnaryData<object>) => {
    reply().then((value) => done(null, value), done);
  };
  server.addService(service as ServiceDefinition, {
    status: answer(async () => ({
      status: { conditions: [{ type: 'RuntimeReady', status: true, reason: '', message: '' }] },
      info: { config: JSON.stringify((await live.status()).config) },
    })),
    listPodSandbox: answer(async () => ({ items: [] })),
    listContainers: answer(async () => ({ containers: [] })),
  });
  mkdirSync(dirname(socket), { recursive: true });
  await promisify(server.bindAsync.bind(server))(`unix://${socket}`, ServerCredentials.createInsecure());
}

export type Story = 'install' | 'failing install' | 'uninstall';

/** One whole run, as the commands of the installer put it together. */
export async function play(story: Story, version: string, shim: ShimAsset, assets: string): Promise<string> {
  const host = hostOf(version);
  const log = jsonLogger('error');
  const limits = { switchSeconds: 300, verifyMs: 500, settleMs: 0, quietMs: 0, restoreMs: RESTORE_MS };
  const context: Context = {
    host,
    cri: criOf(host, version, story === 'failing install'),
    clock: systemClock,
    log,
    steps: { done: [], run: async (_, work) => work() },
    limits,
    signal: new AbortController().signal,
    newId: () => '1-a',
  };
  const facts = wholeFacts(host, version, ROOT);
  const runtime = factsOf(host, version, ROOT);
  const plan: Plan = story === 'uninstall' ? planUninstall(facts, []) : planInstall(facts, [shim]);
  if (plan.kind !== 'change') throw new Error(`no change to make: ${JSON.stringify(plan)}`);
  if (story !== 'uninstall') await stageShims(host, assets, [shim], runtime.distribution.prefix, []);
  const daemon: Daemon = {
    socket: runtime.socket,
    pid: runtime.pid,
    binary: runtime.binary,
    binaryReplaced: false,
    configFlag: undefined,
    parent: undefined,
    unit: runtime.unit,
  };
  const ended = await runTransaction(story === 'uninstall' ? 'uninstall' : 'install', plan, runtime, daemon, context);
  tidyState(host);
  return ended.kind === 'committed' ? ended.kind : `${ended.kind} ${ended.reason}: ${ended.message}`;
}

export { wasmtime };

/** A root file as an administrator has it: with an import to drop files into, or for 1.x. */
export function layRoot(version: string): void {
  mkdirSync(dirname(ROOT), { recursive: true });
  const imports = version.startsWith('2') ? "imports = ['/etc/containerd/conf.d/*.toml']\n" : '';
  const runc =
    '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n';
  const text = `version = 2 # theirs\n${imports}[debug]\nlevel = "info"\n${version.startsWith('2') ? '' : runc}`;
  writeFileSync(ROOT, text, { mode: 0o640 });
  mkdirSync('/etc/systemd/system/multi-user.target.wants', { recursive: true });
}
