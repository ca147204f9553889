import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { expect } from 'chai';
import { NAMESPACE } from '../../scripts/bench/namespace.ts';
import { ensureCertificate } from '../../scripts/cluster/local/pki.ts';
import { systemClock } from '../../src/clock.ts';
import { eventually } from '../harness/eventually.ts';
import { Fleet } from '../harness/fleet.ts';
import { several } from '../harness/fleet-node.ts';

const FREE = { canary: false, maxUnavailable: '100%', maxUnavailablePerZone: '100%' };
const ADDRESS = '127.88.2.5';
const WEBHOOK_PORT = 9443;
const NODES = 20;
/** With pauses of 1, 2, 4, 8 and 16 seconds. */
const WATCHED_MS = 25_000;
/** The longest pause between two attempts so early. */
const TRIED_AGAIN_WITHIN_MS = 60_000;

/** Jobs that nobody lets in. Kubelets are kwok's. */
describe('an API server that refuses Jobs', function () {
  this.timeout(600_000); // the first run builds what is missing
  let fleet: Fleet;

  before(async () => {
    fleet = await Fleet.open('api-server', ADDRESS);
  });
  after(() => fleet?.close());

  const names = (count: number) => several(count, 'n').map(({ name }) => name);

  it('says on the nodes that a quota has no room for their Jobs, asks for one at a time, and goes on when there is', async () => {
    await fleet.begin(several(NODES, 'n'), { rollout: FREE });
    const path = `/api/v1/namespaces/${NAMESPACE}/resourcequotas`;
    const body = { metadata: { name: 'no-jobs' }, spec: { hard: { 'count/jobs.batch': '0' } } };
    await fleet.plane.api.change({ method: 'POST', path, body });
    await eventually('the quota is counted', 30_000, async () => {
      const { status } = await fleet.plane.api.get<{ status?: { hard?: object } }>(`${path}/no-jobs`);
      return status?.hard;
    });
    await fleet.want(['n-0']);
    await fleet.saying('n-0', /^JobRefused: the API server refuses Job .* exceeded quota: no-jobs/);
    const before = await fleet.asked();
    await fleet.want(names(NODES));
    await systemClock.sleep(WATCHED_MS);
    for (const name of names(NODES))
      await fleet.saying(name, /^(JobRefused|QuotaExceeded): .*exceeded quota: no-jobs, requested: count/);
    const asked = (await fleet.asked()).slice(before.length);
    expect(asked.length, 'of all together').to.be.within(1, 6);
    expect(asked.map(({ code }) => code)).to.deep.equal(asked.map(() => 403));
    await fleet.plane.api.change({ method: 'DELETE', path: `${path}/no-jobs` });
    await fleet.provisioned(names(NODES), TRIED_AGAIN_WITHIN_MS);
    const taken = (await fleet.asked()).filter(({ code }) => code === 201);
    expect(taken, 'one Job each').to.have.length(NODES);
  });

  it('says what a webhook says, also when the webhook is not there, and goes on without it', async () => {
    await fleet.begin(several(2, 'n'), { rollout: FREE });
    const server = await webhook('Jobs with hostPID need an exemption');
    try {
      await register(`https://${ADDRESS}:${WEBHOOK_PORT}/`);
      await fleet.want(names(1));
      await fleet.saying('n-0', /^JobRefused: .*denied the request: Jobs with hostPID need an exemption/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    await fleet.want(['n-1']);
    await fleet.saying('n-1', /^JobRefused: .*failed calling webhook "jobs.example.com"/);
    const path = `${WEBHOOKS}/jobs`;
    await fleet.plane.api.change({ method: 'DELETE', path });
    await fleet.provisioned(names(2), TRIED_AGAIN_WITHIN_MS);
  });

  const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

  async function register(url: string): Promise<void> {
    const hook = {
      name: 'jobs.example.com',
      rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['jobs'] }],
      clientConfig: { url, caBundle: readFileSync(fleet.plane.authority).toString('base64') },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      timeoutSeconds: 5,
    };
    const body = { metadata: { name: 'jobs' }, webhooks: [hook] };
    await fleet.plane.api.change({ method: 'POST', path: WEBHOOKS, body });
    await systemClock.sleep(2_000); // the API server reads its webhooks from a watch of its own
  }

  /** Real admission over TLS: says no to whatever it is asked. */
  async function webhook(message: string): Promise<Server> {
    const authority = { cert: fleet.plane.authority, key: fleet.plane.authority.replace(/\.crt$/, '.key') };
    const subject = { commonName: 'webhook', names: [`IP:${ADDRESS}`] };
    const pair = await ensureCertificate(fleet.plane.dir, 'webhook', subject, authority);
    const server = createServer(
      { cert: readFileSync(pair.cert), key: readFileSync(pair.key) },
      async (request, response) => {
        let text = '';
        for await (const chunk of request) text += chunk;
        const { uid } = (JSON.parse(text) as { request: { uid: string } }).request;
        const answer = { uid, allowed: false, status: { code: 403, message } };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
      },
    );
    server.listen(WEBHOOK_PORT, ADDRESS);
    await once(server, 'listening');
    return server;
  }
});
