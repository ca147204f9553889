import { systemClock } from '../clock.ts';
import { classify } from '../errors.ts';
import { jsonLogger } from '../log.ts';
import { type Config, readConfig } from './config.ts';
import type { Credentials } from './kube/credentials.ts';
import { InClusterCredentials, inClusterServer } from './kube/credentials.ts';
import { kubeconfigCredentials } from './kube/kubeconfig.ts';
import { runOperator } from './operator.ts';

/** The operator's process: arguments, environment, signals and exit code, and nothing else. */
async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  const log = jsonLogger(config.logLevel);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('stopping', { signal });
      stop.abort();
    });
  }
  const { namespace, installer, autoProvision, rollout } = config.policy;
  log.info('starting', { version: config.version, namespace, image: installer.installImage, autoProvision, rollout });
  for (const warning of config.warnings) log.warn(warning);
  const credentials = await credentialsOf(config);
  await runOperator(config, { credentials, clock: systemClock, random: Math.random, log }, stop.signal);
  log.info('stopped');
}

async function credentialsOf({ connection }: Config): Promise<Credentials> {
  if (connection.kind === 'kubeconfig') return await kubeconfigCredentials(connection.file);
  return new InClusterCredentials(inClusterServer(connection.host, connection.port), systemClock);
}

try {
  await main();
} catch (cause) {
  const error = classify(cause);
  const stack = error.kind === 'bug' && cause instanceof Error ? { stack: cause.stack } : {};
  jsonLogger('info').error('the operator cannot go on', { kind: error.kind, error: error.message, ...stack });
  process.exitCode = 1;
}
