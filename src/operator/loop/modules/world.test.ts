import type { V1Deployment, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { objectsOf } from '../../decide/wasm-module/objects.ts';
import { projectModule, type WasmModule } from '../../decide/wasm-module/parse.ts';
import { gatherModule, makeModuleWorld } from './world.ts';

const policy = { runtimeClass: 'wasmtime', clusterDomain: 'cluster.local' };

function module(image: string): WasmModule {
  return { metadata: { name: 'hello', namespace: 'shop', uid: 'u1', generation: 1 }, spec: { image } };
}

function deploymentOf(object: WasmModule): V1Deployment {
  const view = projectModule(object);
  if (view.spec.kind === 'invalid') throw new Error(view.spec.problems.join());
  return objectsOf(view, view.spec.spec, policy).deployment;
}

/** A pod as the ReplicaSet of this Deployment makes it. */
function crashing(name: string, { spec }: V1Deployment): V1Pod {
  const waiting = { reason: 'CrashLoopBackOff', message: `${name} crashes` };
  return {
    metadata: { ...spec?.template.metadata, name, namespace: 'shop', creationTimestamp: new Date(1_000) },
    status: {
      containerStatuses: [
        { name: 'user-container', image: '', imageID: '', ready: false, restartCount: 2, state: { waiting } },
      ],
    },
  };
}

describe('gatherModule', () => {
  it('does not lay the trouble of an earlier version at the door of the one that was just applied', () => {
    const world = makeModuleWorld(() => {});
    const [before, after] = [module('a@1'), module('a@2')];
    world.modules.put(after);
    world.workloads.put(deploymentOf(after));
    world.pods.put(crashing('old', deploymentOf(before)));
    expect(gatherModule('shop/hello', world)?.trouble).to.equal(undefined);
    world.pods.put(crashing('new', deploymentOf(after)));
    expect(gatherModule('shop/hello', world)?.trouble?.message).to.contain('new crashes');
  });

  it('knows which of the objects that were made for a module are there, and whose they are', () => {
    const marked: string[] = [];
    const world = makeModuleWorld((key) => marked.push(key));
    world.modules.put(module('a@1'));
    const there = () => [...(gatherModule('shop/hello', world)?.there ?? [])];
    expect(there()).to.deep.equal([]);
    const metadata = { name: 'hello', namespace: 'shop', uid: 's' };
    const owner = { apiVersion: 'v1', kind: 'WasmModule', name: 'hello', uid: 'u1', controller: true };
    world.companions.Service.put({ metadata: { ...metadata, ownerReferences: [owner] } });
    world.companions.Ingress.put({ metadata });
    expect(there()).to.deep.equal(['Service']);
    marked.length = 0;
    world.companions.Service.remove({ metadata });
    expect([there(), marked]).to.deep.equal([[], ['shop/hello']]);
  });
});
