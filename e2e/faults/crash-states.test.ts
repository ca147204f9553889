import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';

const WORKER = join(import.meta.dirname, 'crash/worker.ts');
/** The disk of this machine, of which nothing is changed: every write goes into memory, in a namespace of its own. */
const NAMESPACE = `set -e
mount -t tmpfs none /mnt
for dir in etc var/lib opt; do
  mkdir -p /mnt/$dir/upper /mnt/$dir/work
  mount -t overlay none -o lowerdir=/$dir,upperdir=/mnt/$dir/upper,workdir=/mnt/$dir/work /$dir
done
mount -t tmpfs none /run
rm -rf /etc/containerd /etc/systemd/system /var/lib/kwasm /opt/kwasm
exec "$@"`;

interface Found {
  readonly said: string;
  readonly events: number;
  readonly states: number;
  readonly undone: number;
  readonly kept: number;
  readonly problems: readonly string[];
}

/** A power cut at any moment: what was not yet flushed is there or not, in any combination. */
describe('a power cut in the middle of', function () {
  this.timeout(900_000);
  for (const [story, said] of [
    ['install', /^committed$/],
    ['failing install', /^rolledBack HandlerNotServed/],
    ['uninstall', /^committed$/],
  ] as const) {
    for (const version of ['2.1.9', '1.7.35']) {
      it(`${story}, containerd ${version}: the configuration is the old or the new one, and nothing else is left`, async () => {
        // Processes of its own, too: shims of a cluster on this machine would count as running on this host.
        const argv = [
          '--mount',
          '--propagation',
          'private',
          '--pid',
          '--fork',
          '--mount-proc',
          'sh',
          '-c',
          NAMESPACE,
          'sh',
        ];
        const node = [process.execPath, '--disable-warning=ExperimentalWarning', WORKER, story, version];
        const { stdout } = await execa('unshare', [...argv, ...node]);
        const found = JSON.parse(stdout) as Found;
        console.log(
          `      ${found.events} writes and syncs, ${found.states} states, ${found.undone} undone, ${found.kept} kept`,
        );
        expect(found.problems, found.problems.slice(0, 3).join('\n')).to.deep.equal([]);
        expect(found.said).to.match(said);
        expect(found.states).to.be.greaterThan(50);
        expect(found.undone, 'some were cut early').to.be.greaterThan(0);
        if (said.test('committed')) expect(found.kept, 'some were cut late').to.be.greaterThan(0);
      });
    }
  }
});
