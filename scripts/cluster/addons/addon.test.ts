import { expect } from 'chai';
import { progressTo } from '../progress.ts';
import { ADDON_NAMES, type Addon, type KubeObject } from './addon.ts';
import { ADDONS } from './ensure.ts';

interface PodTemplate {
  readonly spec: { readonly serviceAccountName: string; readonly containers: readonly { readonly image: string }[] };
}

describe('add-ons of a cluster', () => {
  const context = { progress: progressTo(() => {}) };
  // Knative's objects are its own manifests, of which the long stories see what a cluster says.
  for (const addon of ADDON_NAMES.filter((name) => !name.startsWith('knative')).map((name) => ADDONS[name])) {
    let objects: readonly KubeObject[];
    before(async () => {
      objects = await addon.objects(() => 'registry:5000/image:1', context);
    });

    it(`${addon.name}: no two objects are one`, () => {
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
      expect(new Set(names).size).to.equal(names.length);
    });

    it(`${addon.name}: its Deployment is there, with the image and an account of its own`, () => {
      const { serviceAccountName, containers } = template(addon, objects).spec;
      expect(containers.map(({ image }) => image)).to.deep.equal(['registry:5000/image:1']);
      expect(named(objects, 'ServiceAccount', serviceAccountName).metadata.namespace).to.equal(addon.namespace);
    });

    it(`${addon.name}: what it may do is bound to that account, and of what it binds only roles of its own are made`, () => {
      for (const binding of objects.filter(({ kind }) => kind.endsWith('Binding'))) {
        const { subjects, roleRef } = binding as unknown as {
          readonly subjects: readonly { readonly name: string; readonly namespace: string }[];
          readonly roleRef: { readonly kind: string; readonly name: string };
        };
        const account = template(addon, objects).spec.serviceAccountName;
        expect(subjects).to.deep.equal([{ kind: 'ServiceAccount', name: account, namespace: addon.namespace }]);
        const upstream = ['system:auth-delegator', 'extension-apiserver-authentication-reader'];
        if (!upstream.includes(roleRef.name)) named(objects, roleRef.kind, roleRef.name);
      }
    });
  }

  it('metrics-server: its API is served by the Service that is made', async () => {
    const addon = ADDONS['metrics-server'];
    const objects = await addon.objects(() => 'image', context);
    const { spec } = named(objects, 'APIService', addon.apiService ?? '') as unknown as {
      readonly spec: { readonly service: { readonly name: string; readonly namespace: string } };
    };
    expect(named(objects, 'Service', spec.service.name).metadata.namespace).to.equal(spec.service.namespace);
  });
});

function named(objects: readonly KubeObject[], kind: string, name: string): KubeObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

function template({ deployments: [deployment = ''] }: Addon, objects: readonly KubeObject[]): PodTemplate {
  return (named(objects, 'Deployment', deployment) as unknown as { readonly spec: { readonly template: PodTemplate } })
    .spec.template;
}
