import { expect } from 'chai';
import { parse } from 'smol-toml';
import { CONTAINERD, type ContainerdMinor } from '../versions.ts';
import { containerdConfig, hostsToml } from './containerd-config.ts';

const pauseImage = '10.187.0.1:5000/pause:1';

describe("the nodes' containerd configuration", () => {
  for (const minor of Object.keys(CONTAINERD) as ContainerdMinor[]) {
    it(`is schema ${minor.startsWith('1.') ? 2 : 3} for ${minor}`, () => {
      const config = parse(containerdConfig({ minor, cgroupDriver: 'cgroupfs', pauseImage }));
      const old = minor.startsWith('1.');
      expect(config['version']).to.equal(old ? 2 : 3);
      const plugins = config['plugins'] as Record<string, Record<string, Record<string, unknown>>>;
      const runtime = plugins[old ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.runtime'];
      expect(runtime).to.have.nested.property('containerd.runtimes.runc.options.SystemdCgroup', false);
      const image = old
        ? runtime?.['sandbox_image']
        : plugins['io.containerd.cri.v1.images']?.['pinned_images']?.['sandbox'];
      expect(image).to.equal(pauseImage);
    });
  }

  it('follows the cgroup driver', () => {
    for (const minor of ['1.7', '2.3'] as const) {
      expect(containerdConfig({ minor, cgroupDriver: 'systemd', pauseImage })).to.contain('SystemdCgroup = true');
    }
  });

  it('imports conf.d where containerd itself does by default, and nowhere else', () => {
    const imports = (minor: ContainerdMinor) =>
      parse(containerdConfig({ minor, cgroupDriver: 'cgroupfs', pauseImage }))['imports'];
    expect(imports('2.3')).to.deep.equal(['/etc/containerd/conf.d/*.toml']);
    expect([imports('1.6'), imports('1.7'), imports('2.1')]).to.deep.equal([undefined, undefined, undefined]);
  });

  it('pulls from the registry over HTTP', () => {
    expect(parse(hostsToml('10.187.0.1:5000'))).to.deep.equal({
      server: 'http://10.187.0.1:5000',
      host: { 'http://10.187.0.1:5000': { capabilities: ['pull', 'resolve'] } },
    });
  });
});
