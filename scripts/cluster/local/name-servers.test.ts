import { expect } from 'chai';
import { nameServers } from './name-servers.ts';

describe('name servers of a node', () => {
  const files = (content: Record<string, string>) => (file: string) => content[file];
  const stub = '/etc/resolv.conf';
  const uplink = '/run/systemd/resolve/resolv.conf';

  it("are this machine's", () => {
    const text = '# made by hand\nsearch example.org\nnameserver 192.0.2.1\nnameserver 127.0.0.1\n';
    expect(nameServers(files({ [stub]: text }))).to.equal('search example.org\nnameserver 192.0.2.1\n');
  });

  it("are systemd-resolved's own where the machine asks a stub on its loopback", () => {
    const given = files({ [stub]: 'nameserver 127.0.0.53\n', [uplink]: 'nameserver 192.0.2.7\n' });
    expect(nameServers(given)).to.equal('nameserver 192.0.2.7\n');
  });

  it('are none, said in the file, where there is none to reach', () => {
    expect(nameServers(files({ [stub]: 'nameserver ::1\n' }))).to.match(/^# .*no name server/);
  });
});
