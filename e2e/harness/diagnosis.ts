import type { Context } from 'mocha';
import { messageOf } from '../../src/errors.ts';
import { NAMESPACE } from './namespace.ts';
import { type TestCluster, testCluster } from './test-cluster.ts';
import { WORKLOADS } from './workloads.ts';

// Without a listener it would end the process before what is to be done at its exit.
process.once('SIGTERM', () => process.exit(143));

/** A failed story is read later, when its cluster is gone: what a person would have looked at, printed while it is there. */
const LINES_MAX = 60;

export const mochaHooks = {
  async afterEach(this: Context): Promise<void> {
    if (this.currentTest?.state !== 'failed') return;
    try {
      await diagnose(await testCluster());
    } catch (error) {
      console.log(`      (no diagnosis: ${messageOf(error)})`);
    }
  },
};

async function diagnose(test: TestCluster): Promise<void> {
  const inNamespace = ['-n', NAMESPACE];
  const looks: readonly (readonly string[])[] = [
    ['get', 'pods,jobs', '-A', '-o', 'wide'],
    ['get', 'events', ...inNamespace, '--sort-by=.lastTimestamp'],
    ['get', 'events', '-n', WORKLOADS, '--sort-by=.lastTimestamp'],
    ['get', 'jobs', ...inNamespace, '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status}{"\\n"}{end}'],
    ['logs', ...inNamespace, 'deployment/kwasm-operator', `--tail=${LINES_MAX}`],
    ['logs', ...inNamespace, '-l', 'kwasm.sh/job=true', '--all-containers', '--prefix', '--tail=30'],
  ];
  for (const look of looks) {
    const said = await test.kubectl.run(look).catch(messageOf);
    print(`kubectl ${look.join(' ')}`, said);
  }
  for (const { name } of test.nodes) {
    const journal = ['journalctl', '-u', 'kubelet', '-u', 'containerd', '-p', 'warning', '-n', '20', '--no-pager'];
    print(`${name}: ${journal.join(' ')}`, await test.exec(name)(journal).catch(messageOf));
  }
}

function print(title: string, text: string): void {
  const lines = text.trim().split('\n').slice(-LINES_MAX);
  console.log([`      --- ${title}`, ...lines.map((line) => `      ${line}`)].join('\n'));
}
