import { expect } from 'chai';
import { systemClock } from '../clock.ts';
import { type DebugSources, debugPage } from './debug.ts';
import { policy } from './decide/examples.ts';
import { KeyedQueue } from './loop/queue.ts';
import { World } from './loop/world.ts';

const SECRET = 'hunter2';

describe('/debug/state', () => {
  let world: World;
  let queue: KeyedQueue;
  let from: DebugSources;
  beforeEach(() => {
    queue = new KeyedQueue({ clock: systemClock, random: () => 0, depthMax: 9_000, retryMsMin: 5, retryMsMax: 50 });
    const installer = { ...policy.installer, env: [{ name: 'HTTPS_PROXY', value: `http://me:${SECRET}@proxy` }] };
    world = new World(() => {}, { ...policy, installer });
    from = {
      version: 'test',
      clock: systemClock,
      world,
      queue,
      watches: () => [{ resource: 'nodes', synced: true, troubleSinceMs: undefined, trouble: '' }],
      leadership: () => ({ leading: true, holder: 'me' }),
      eventsRemembered: () => 0,
    };
  });
  afterEach(() => queue.close());

  const addNodes = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const name = `n${String(index).padStart(5, '0')}`;
      world.nodes.put({ metadata: { name, uid: name, annotations: { 'kwasm.sh/kwasm-node': 'true' } } });
    }
  };
  const get = (query = '') => debugPage(from, new URLSearchParams(query));
  const state = (query = '') => JSON.parse(get(query).body);

  it('says what is known, waited for and worked on', () => {
    addNodes(2);
    queue.add('node/n00001', { afterMs: 5_000 });
    const said = state();
    expect(said).to.deep.include({
      version: 'test',
      stages: { 'install waiting': 2 },
      leadership: { leading: true, holder: 'me' },
    });
    expect(said.queue.next[0].key).to.equal('node/n00001');
    expect(said.queue.next[0].inMs).to.be.within(4_000, 5_000);
    expect(said.nodes.map(({ name, stage }: { name: string; stage: string }) => [name, stage])).to.deep.equal([
      ['n00000', 'install waiting'],
      ['n00001', 'install waiting'],
    ]);
  });

  it('is bounded, and goes on where it stopped', () => {
    addNodes(6_000);
    const first = state();
    expect(first.nodes).to.have.length(500);
    expect(first.more).to.equal(5_500);
    expect(state(`after=${first.next}&limit=1`).nodes[0].name).to.equal('n00500');
    expect(get('limit=5001').status).to.equal(400);
    expect(get('limit=x').status).to.equal(400);
    expect(get('limit=5000').body.length).to.be.lessThan(2_000_000);
  });

  it('selects by stage', () => {
    addNodes(3);
    expect(state('stage=none+idle').nodes).to.deep.equal([]);
    expect(state('stage=install+waiting').nodes).to.have.length(3);
    expect(get('stage=lost').status).to.equal(400);
  });

  it('shows one node in full, and of its pods not what containers wrote', () => {
    addNodes(1);
    world.pods.put({
      metadata: { name: 'p', uid: 'p' },
      spec: { nodeName: 'n00000', containers: [] },
      status: {
        phase: 'Failed',
        containerStatuses: [
          {
            name: 'c',
            image: '',
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { terminated: { exitCode: 3, message: SECRET } },
          },
        ],
      },
    });
    const { stage, node, pods } = state('node=n00000');
    expect([stage, node.name, pods[0].containers[0].state.exitCode]).to.deep.equal(['install waiting', 'n00000', 3]);
    expect(get('node=n00000').body).not.to.contain(SECRET);
    expect(get('node=<b>').status).to.equal(404);
  });

  it('holds no secret', () => expect(get().body).not.to.contain(SECRET));
});
