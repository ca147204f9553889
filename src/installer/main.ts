import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { ENV, NODE_ROOT_PATH } from '../contract.ts';
import { messageOf } from '../errors.ts';
import { jsonLogger } from '../log.ts';
import { SHIMS_DIR } from '../shims/order.ts';
import { EXIT_CODES, printVerdict } from '../verdict.ts';
import { runAgent } from './agent/agent.ts';
import { agentSettings } from './agent/settings.ts';
import { Failure } from './failure.ts';
import { readFetchSettings } from './fetch/settings.ts';
import { guardArm } from './guard/arm.ts';
import { guardWatch } from './guard/watch.ts';
import { remember } from './history.ts';
import { openHost } from './host.ts';
import { install } from './install.ts';
import { readLimits } from './limits.ts';
import { type Report, type Run, reportOf } from './run.ts';
import { show } from './show.ts';
import { startSteps } from './steps.ts';
import { uninstall } from './uninstall.ts';

/** Wiring; the only reader of argv and environment. */
const TERMINATION_LOG = '/dev/termination-log';
const COMMANDS: Readonly<Record<string, (run: Run) => Promise<Report>>> = {
  agent: (run) => runAgent({ run, install, ...agentSettings(env, run) }),
  install,
  uninstall,
  'guard-arm': guardArm,
  'guard-watch': guardWatch,
};
const USAGE = `usage: installer ${[...Object.keys(COMMANDS), 'detect'].join(' | ')}
The host's / is expected at $${ENV.nodeRoot} (default ${NODE_ROOT_PATH}), the shims in $KWASM_ASSETS (default /assets).`;

const { env } = process;
const log = jsonLogger(env['KWASM_LOG_LEVEL'] ?? 'info');
const steps = startSteps(systemClock, log);
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    log.warn('told to stop', { signal: name });
    stop.abort(new Failure('Interrupted', `the run was told to stop (${name})`));
  });
}
for (const name of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(name, (error: unknown) => end(reportOf(error)));

async function main(name: string): Promise<void> {
  const run: Run = {
    host: openHost(env[ENV.nodeRoot] ?? NODE_ROOT_PATH),
    clock: systemClock,
    log,
    steps,
    limits: readLimits(env),
    signal: stop.signal,
    newId: () => `${systemClock.nowMs()}-${randomBytes(4).toString('hex')}`,
    assets: env['KWASM_ASSETS'] ?? '/assets',
    orders: env[ENV.shims],
    mounts: SHIMS_DIR,
    fetch: readFetchSettings(env),
    machineId: env[ENV.machineId],
    podUid: env[ENV.podUid],
  };
  if (name === 'detect') {
    const { text, refused } = await show(run);
    process.stdout.write(text);
    process.exitCode = refused ? EXIT_CODES.refused : 0;
    return;
  }
  const command = COMMANDS[name];
  if (command === undefined) {
    process.stderr.write(`unknown command "${name}"\n${USAGE}\n`);
    process.exitCode = 2;
    return;
  }
  end(await command(run));
}

/** Whatever happened: the Verdict where the operator reads it, and its exit code. */
function end(report: Report): never {
  const verdict = {
    ...report,
    handlers: [...report.handlers],
    files: [...report.files],
    pods: report.pods === undefined ? undefined : [...report.pods],
    steps: [...steps.done],
  };
  const text = printVerdict({ kind: 'kwasm.sh/verdict', version: 1, ...verdict });
  try {
    remember(openHost(env[ENV.nodeRoot] ?? NODE_ROOT_PATH), process.argv[2] ?? 'install', verdict, systemClock.nowMs());
  } catch (error) {
    log.warn('could not write the history', { why: messageOf(error) }); // a full disk changes nothing about the run
  }
  log.info('verdict', { outcome: report.outcome, reason: report.reason, text: report.message });
  if (existsSync(TERMINATION_LOG)) writeFileSync(TERMINATION_LOG, text);
  writeFileSync(1, `${text}\n`);
  process.exit(EXIT_CODES[report.outcome]);
}

main(process.argv[2] ?? 'install').catch((error: unknown) => end(reportOf(error)));
