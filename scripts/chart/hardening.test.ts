import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Deployment } from '@kubernetes/client-node';
import { expect } from 'chai';
import { loadAll } from 'js-yaml';
import { parseDockerfile } from '../images/dockerfile.ts';

const root = join(import.meta.dirname, '../..');

/** What SECURITY.md says of the operator's pod. A story installs it in a cluster; this is the committed manifest. */
describe('the operator as it is shipped', () => {
  const objects = loadAll(readFileSync(join(root, 'manifests/kwasm-operator.yaml'), 'utf8')) as readonly {
    kind: string;
  }[];
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as V1Deployment | undefined;
  const pod = deployment?.spec?.template.spec;

  it('is nobody, and cannot become somebody', () => {
    expect(pod?.securityContext).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod?.containers).to.have.lengthOf(1);
    expect(pod?.containers[0]?.securityContext).to.deep.include({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('has nothing to write on', () => {
    expect(pod?.containers[0]?.securityContext?.readOnlyRootFilesystem).to.equal(true);
    for (const mount of pod?.containers[0]?.volumeMounts ?? []) expect(mount.readOnly, mount.mountPath).to.equal(true);
  });

  it('is nobody in its image, too, by a number that the kubelet can check', () => {
    const dockerfile = readFileSync(join(root, 'installer-image/operator.Dockerfile'), 'utf8');
    const { config } = parseDockerfile(dockerfile, { VERSION: '0' });
    expect(config.user).to.match(/^[1-9]\d*:[1-9]\d*$/);
  });

  for (const name of ['operator.Dockerfile', 'Dockerfile', 'demo.Dockerfile', 'canary.Dockerfile']) {
    it(`${name} names no architecture, and can be built for any`, () => {
      const text = readFileSync(join(root, 'installer-image', name), 'utf8');
      expect(text).to.not.match(/amd64|arm64|x86_64|aarch64|--platform/);
    });
  }
});
