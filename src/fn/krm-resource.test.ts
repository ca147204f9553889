import { expect } from 'chai';
import { missingField } from './krm-resource.ts';

describe('what a KRM resource lacks', () => {
  const whole = { apiVersion: 'v1', kind: 'Pod', name: 'p', path: 'a.yaml' };
  const cases = [
    { given: {}, lacks: undefined },
    { given: { apiVersion: '' }, lacks: 'apiVersion' },
    { given: { kind: '', name: '' }, lacks: 'kind' },
    { given: { name: '' }, lacks: 'metadata.name' },
    { given: { name: '', path: 'base/kustomization.yml' }, lacks: undefined },
    { given: { name: '', path: 'kustomization.yaml.bak/x.yaml' }, lacks: 'metadata.name' },
    { given: { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Component', name: '' }, lacks: undefined },
    {
      given: { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', name: '' },
      lacks: 'metadata.name',
    },
    { given: { apiVersion: '', kind: 'Kustomization', name: '' }, lacks: undefined },
  ] as const;
  for (const { given, lacks } of cases) {
    it(`${JSON.stringify(given)}: ${lacks ?? 'nothing'}`, () =>
      expect(missingField({ ...whole, ...given })).to.equal(lacks));
  }
});
