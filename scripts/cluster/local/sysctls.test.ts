import { expect } from 'chai';
import { raise, restore, type SysctlPort, tooLow } from './sysctls.ts';

function machine(values: Record<string, number>): SysctlPort & { readonly values: Record<string, number> } {
  return {
    values,
    read: (name) => values[name] ?? 0,
    write: (name, value) => {
      values[name] = value;
    },
  };
}

const usual = {
  'net.ipv4.ip_forward': 0,
  'fs.inotify.max_user_instances': 128,
  'fs.inotify.max_user_watches': 1_000_000,
};

describe('settings of the whole machine', () => {
  it('are raised where they are too low, and put back', () => {
    const port = machine({ ...usual });
    const before = tooLow(usual, []);
    expect(before).to.deep.equal({ 'net.ipv4.ip_forward': 0, 'fs.inotify.max_user_instances': 128 });
    raise(before, port);
    expect(port.values).to.include({ 'net.ipv4.ip_forward': 1, 'fs.inotify.max_user_watches': 1_000_000 });
    expect(port.values['fs.inotify.max_user_instances']).to.be.greaterThan(1_000);
    restore(before, port);
    expect(port.values).to.deep.equal(usual);
  });

  it('remember what the first cluster found', () => {
    const raised = { ...usual, 'net.ipv4.ip_forward': 1, 'fs.inotify.max_user_instances': 8192 };
    expect(tooLow(raised, [])).to.deep.equal({});
    expect(tooLow(raised, [tooLow(usual, [])])).to.deep.equal(tooLow(usual, []));
  });

  it('stay as somebody else has set them since', () => {
    const port = machine({ ...usual });
    const before = tooLow(usual, []);
    raise(before, port);
    port.write('fs.inotify.max_user_instances', 512);
    restore(before, port);
    expect(port.values['fs.inotify.max_user_instances']).to.equal(512);
  });
});
