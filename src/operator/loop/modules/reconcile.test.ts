import type { V1Deployment } from '@kubernetes/client-node';
import { expect } from 'chai';
import { systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../log.ts';
import { objectsOf } from '../../decide/wasm-module/objects.ts';
import { projectModule, type WasmModule } from '../../decide/wasm-module/parse.ts';
import { FakeServer, json, status } from '../../kube/fake-server.ts';
import { OwnedObjects } from '../../kube/owned-objects.ts';
import { Transport } from '../../kube/transport.ts';
import { reconcileModule } from './reconcile.ts';
import { type ModuleWorld, makeModuleWorld } from './world.ts';

const policy = { runtimeClass: 'wasmtime', clusterDomain: 'cluster.local' };
const MODULE: WasmModule = {
  metadata: { name: 'hello', namespace: 'shop', uid: 'u1', generation: 1 },
  spec: { image: 'registry.example/hello:1' },
};
const OURS = { metadata: { uid: 'o1', ownerReferences: [{ kind: 'WasmModule', uid: 'u1', controller: true }] } };

function deployment(): V1Deployment {
  const view = projectModule(MODULE);
  if (view.spec.kind === 'invalid') throw new Error(view.spec.problems.join());
  return objectsOf(view, view.spec.spec, policy).deployment;
}

describe('reconcileModule', () => {
  let server: FakeServer;
  let transport: Transport;
  let world: ModuleWorld;

  beforeEach(async () => {
    server = new FakeServer();
    const base = { clock: systemClock, random: () => 0.5, userAgent: 't', requestMsMax: 1000, onRequest: () => {} };
    transport = new Transport({ ...base, credentials: await server.listen() });
    world = makeModuleWorld(() => {});
    world.modules.put(MODULE);
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  const reconcile = async () => {
    const objects = new OwnedObjects(transport, 'us');
    return await reconcileModule('shop/hello', { world, policy, objects, clock: systemClock, log: silentLogger() });
  };
  const asked = (method: string) =>
    server.calls.filter((call) => call.method === method).map(({ url }) => url.pathname.split('/').slice(-2).join('/'));

  it('takes away what it owns and nothing else, the Service first, and says why', async () => {
    world.workloads.put(deployment());
    world.knative.put({ ...OURS, metadata: { ...OURS.metadata, name: 'hello', namespace: 'shop' } });
    const others = { metadata: { uid: 'o2', ownerReferences: [{ kind: 'Route', uid: 'r1', controller: true }] } };
    server.answer(json(OURS), json({}), json(others), status(404, 'none'), json(OURS), json({}), json(OURS), json({}));
    server.answer(json(MODULE));
    expect(await reconcile()).to.deep.equal({ kind: 'done' });
    expect(asked('DELETE')).to.deep.equal(['services/hello', 'networkpolicies/hello', 'deployments/hello']);
    const deleted = server.calls.filter(({ method }) => method === 'DELETE').map(({ body }) => JSON.parse(body));
    for (const { preconditions } of deleted) expect(preconditions).to.deep.equal({ uid: 'o1' });
    const { status: written } = JSON.parse(server.calls.at(-1)?.body ?? '');
    expect(written.conditions[0]).to.include({ status: 'Unknown', reason: 'LeftToKnative' });
    expect(written.address).to.equal(null);
  });

  it('waits for the name while the Service of the Knative Service that was is going, and makes nothing before', async () => {
    const route = { apiVersion: 'serving.knative.dev/v1', kind: 'Route', name: 'hello', uid: 'r1', controller: true };
    server.answer(json({ metadata: { uid: 's1', ownerReferences: [route] } }), json(MODULE));
    expect(await reconcile()).to.deep.equal({ kind: 'after', afterMs: 2_000 });
    expect(asked('PATCH')).to.deep.equal(['hello/status']);
    const { status: written } = JSON.parse(server.calls.at(-1)?.body ?? '');
    expect(written.conditions[0]).to.include({ status: 'Unknown', reason: 'Deploying' });
    expect(written.conditions[0].message).to.contain("Knative's Route hello");
  });

  it("says of anybody else's Service that the name is taken, and makes nothing", async () => {
    server.answer(json({ metadata: { uid: 's1' } }), json(MODULE));
    expect(await reconcile()).to.deep.equal({ kind: 'after', afterMs: 60_000 });
    expect(asked('PATCH')).to.deep.equal(['hello/status']);
    const { status: written } = JSON.parse(server.calls.at(-1)?.body ?? '');
    expect(written.conditions[0]).to.include({ status: 'False', reason: 'NameTaken' });
  });

  it('says of a module what the API server refuses, once as long as only numbers differ, and looks again after a while', async () => {
    const refusal = (port: number) =>
      status(422, `Deployment "hello" is invalid: spec: too much (${port})`, {}, 'Invalid');
    const none = status(404, 'none');
    server.answer(none, refusal(1), json(MODULE));
    expect(await reconcile()).to.deep.equal({ kind: 'after', afterMs: 60_000 });
    const { status: written } = JSON.parse(server.calls.at(-1)?.body ?? '');
    expect(written.conditions[0]).to.include({ status: 'False', reason: 'Refused' });
    expect(written.conditions[0].message).to.contain('is invalid: spec: too much');
    world.modules.put({ ...MODULE, status: written });
    server.answer(none, refusal(2));
    expect(await reconcile()).to.deep.equal({ kind: 'after', afterMs: 60_000 });
    expect(asked('PATCH').filter((path) => path === 'hello/status')).to.have.length(1);
  });
});
