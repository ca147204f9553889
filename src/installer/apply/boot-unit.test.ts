import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execaSync } from 'execa';
import { openHost } from '../host.ts';
import { BOOT_UNIT, bootUnitText, removeBootUnit, stageBootUnit } from './boot-unit.ts';

describe('the boot unit', () => {
  let root: string;
  const wants = () => join(root, '/etc/systemd/system/multi-user.target.wants');
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-boot-'));
    mkdirSync(wants(), { recursive: true });
    writeFileSync(join(wants(), 'theirs.service'), '');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('comes before the recorded unit, requires nothing of it, and is skipped unless a change is pending', () => {
    const text = bootUnitText('my-containerd.service', ['/var/lib/rancher/k3s']);
    expect(text).to.match(/^Before=.*\bmy-containerd\.service\b/m);
    expect(text).to.match(/^ConditionDirectoryNotEmpty=\/var\/lib\/kwasm\/pending$/m);
    expect(text).to.match(/^RequiresMountsFor=.* \/var\/lib\/rancher\/k3s$/m);
    expect(text).to.not.match(/^Requires=|^RequiredBy=/m);
  });

  it('runs the restore script for every pending change', () => {
    const command = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(bootUnitText('containerd.service', []))?.[1] ?? '';
    mkdirSync(join(root, 'pending'));
    for (const id of ['1-a', '2-b']) writeFileSync(join(root, 'pending', id), '');
    // As systemd reads it: $$ is one $.
    const script = command
      .replaceAll('$$', '$')
      .replaceAll('/var/lib/kwasm/pending', join(root, 'pending'))
      .replaceAll('/bin/sh /var', 'echo /bin/sh /var');
    expect(execaSync('sh', ['-c', script]).stdout.split('\n')).to.deep.equal([
      '/bin/sh /var/lib/kwasm/bin/restore.sh /var/lib/kwasm/txn/1-a boot',
      '/bin/sh /var/lib/kwasm/bin/restore.sh /var/lib/kwasm/txn/2-b boot',
    ]);
  });

  it('is enabled by its link, written once, and removed without a trace', async () => {
    const host = openHost(root);
    await stageBootUnit(host, { unit: 'containerd.service', files: [] });
    const { ino } = statSync(join(root, BOOT_UNIT));
    expect(readlinkSync(join(wants(), 'kwasm-recover.service'))).to.equal(BOOT_UNIT);
    await stageBootUnit(host, { unit: 'containerd.service', files: [] });
    expect(statSync(join(root, BOOT_UNIT)).ino).to.equal(ino);
    removeBootUnit(host);
    removeBootUnit(host);
    expect(existsSync(join(root, BOOT_UNIT))).to.equal(false);
    expect(readdirSync(wants())).to.deep.equal(['theirs.service']);
  });
});
