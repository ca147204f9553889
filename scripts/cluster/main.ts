import { messageOf } from '../../src/errors.ts';
import { ensureAddon, removeAddon } from './addons/ensure.ts';
import { type Command, parseCommand, USAGE } from './arguments.ts';
import { bringUp, takeDown } from './lifecycle.ts';
import { openCluster } from './open.ts';
import { progressTo } from './progress.ts';
import { status } from './status.ts';
import { stopped } from './stopped.ts';

/** `npm run cluster`: the only reader of argv and env here. What is the answer goes to stdout, what is news to stderr. */
const context = {
  progress: progressTo((line) => console.error(line)),
  signal: stopped("interrupted; 'up' goes on from here, 'down' takes it away"),
};

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      console.log(USAGE);
      return 0;
    case 'up': {
      const cluster = await bringUp(command.spec, command.provider, context);
      for (const line of await status(cluster)) console.log(line);
      return 0;
    }
    case 'down':
      await takeDown(command.name, command.provider, context);
      return 0;
    case 'status':
      for (const line of await status(await openCluster(command.name))) console.log(line);
      return 0;
    case 'kubeconfig':
      console.log((await openCluster(command.name)).kubeconfig);
      return 0;
    case 'add':
      await ensureAddon(await openCluster(command.name), command.addon, context);
      return 0;
    case 'remove':
      await removeAddon(await openCluster(command.name), command.addon, context);
      return 0;
    case 'exec': {
      const cluster = await openCluster(command.name);
      const { stdout, stderr, exitCode } = await cluster.exec(command.node, command.argv, {
        timeoutMs: EXEC_TIMEOUT_MS,
      });
      process.stdout.write(stdout);
      process.stderr.write(stderr);
      return exitCode;
    }
  }
}

const EXEC_TIMEOUT_MS = 10 * 60_000;

try {
  process.exitCode = await run(parseCommand(process.argv.slice(2), process.env));
} catch (error) {
  console.error(`cluster: ${messageOf(error)}`);
  process.exitCode = 1;
}
