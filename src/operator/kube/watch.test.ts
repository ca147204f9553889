import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import { type Answer, FakeServer, json, lines, status } from './fake-server.ts';
import { watchFrame } from './protobuf-writer.ts';
import { NODE, STATUS } from './shapes.ts';
import { Store } from './store.ts';
import { Transport } from './transport.ts';
import { Watch } from './watch.ts';
import type { WatchLimits } from './watch-options.ts';

interface Thing {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

const limits: WatchLimits = {
  serverSeconds: 290,
  silenceMsMax: 1200,
  initialSilenceMsMax: 600,
  backoffMsMin: 20,
  backoffMsMax: 60,
};

const thing = (name: string, version: number) => ({ metadata: { name, uid: name, resourceVersion: String(version) } });
const added = (name: string, version: number) => ({ type: 'ADDED', object: thing(name, version) });
const deleted = (name: string, version: number) => ({ type: 'DELETED', object: thing(name, version) });
const bookmark = (version: number) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version) } },
});
const listEnd = (version: number) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } } },
});
const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };

describe('Watch', () => {
  let server: FakeServer;
  let transport: Transport;
  let store: Store<Thing, unknown>;
  let stop: AbortController;
  let running: Promise<void> | undefined;
  let restarts: string[];

  beforeEach(async () => {
    server = new FakeServer();
    restarts = [];
    stop = new AbortController();
    running = undefined;
    store = new Store<Thing, unknown>({
      project: ({ metadata }) => ({ name: metadata.name, version: metadata.resourceVersion }),
      group: () => '',
      onChange: () => {},
    });
    const credentials = await server.listen();
    const { clock, random } = { clock: systemClock, random: () => 0.5 };
    transport = new Transport({ credentials, clock, random, userAgent: 't', requestMsMax: 1000, onRequest: () => {} });
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await transport.close();
    await server.close();
  });

  function start(watchList: boolean, ...answers: readonly Answer[]): Watch<Thing> {
    return startWith({ bookmarks: true, serverSeconds: limits.serverSeconds }, watchList, ...answers);
  }

  function startWith(
    {
      bookmarks,
      serverSeconds,
      limits: own = limits,
    }: { readonly bookmarks: boolean; readonly serverSeconds: number; readonly limits?: WatchLimits },
    watchList: boolean,
    ...answers: readonly Answer[]
  ): Watch<Thing> {
    server.answer(...answers);
    const watch = new Watch<Thing>({
      resource: { name: 'things', path: '/things', selectors: { labelSelector: 'a=b' }, shape: NODE, bookmarks },
      store,
      transport,
      clock: systemClock,
      random: () => 0.5,
      log: silentLogger(),
      limits: { ...own, serverSeconds },
      watchList,
      onRestart: (_, cause) => restarts.push(cause),
    });
    running = watch.run(stop.signal);
    return watch;
  }

  async function until(check: () => boolean): Promise<void> {
    for (const deadline = performance.now() + 8000; !check(); ) {
      if (performance.now() > deadline) throw new Error(`still not so; ${server.calls.length} requests, ${restarts}`);
      await systemClock.sleep(5);
    }
  }

  const query = (call: number, name: string) => server.calls[call]?.url.searchParams.get(name) ?? null;
  const names = () => store.all().map((one) => (one as { name: string }).name);

  it('streams the list, says nothing before it is whole, then follows', async () => {
    let finish: () => void = () => {};
    const watch = start(true, (response) => {
      response.writeHead(200).write(`${JSON.stringify(added('a', 1))}\n`);
      finish = () => response.write(`${JSON.stringify(listEnd(5))}\n${JSON.stringify(added('b', 6))}\n`);
    });
    await until(() => server.calls.length === 1);
    await systemClock.sleep(50);
    expect([store.size, watch.health().synced]).to.deep.equal([0, false]);
    finish();
    await until(() => store.size === 2);
    expect(watch.health()).to.include({ synced: true, troubleSinceMs: undefined });
    expect([query(0, 'sendInitialEvents'), query(0, 'resourceVersionMatch'), query(0, 'labelSelector')]).to.deep.equal([
      'true',
      'NotOlderThan',
      'a=b',
    ]);
    expect(Number(query(0, 'timeoutSeconds'))).to.be.within(290, 320);
  });

  it('follows on from the last event or bookmark after a normal end, without a list', async () => {
    start(
      true,
      lines([listEnd(5), added('a', 7), bookmark(9)], 'close'),
      lines([deleted('a', 12)], 'close'),
      lines([bookmark(20)]),
    );
    await until(() => server.calls.length === 3);
    expect([query(1, 'resourceVersion'), query(2, 'resourceVersion')]).to.deep.equal(['9', '12']);
    expect([query(1, 'sendInitialEvents'), query(2, 'sendInitialEvents')]).to.deep.equal([null, null]);
    expect(store.size).to.equal(0);
    expect(restarts).to.deep.equal(['end', 'end']);
  });

  it('loses nothing when it is cut in the middle of a line', async () => {
    start(true, lines([listEnd(5), added('a', 7)], 'cut'), lines([added('b', 8)]));
    await until(() => store.size === 2);
    expect(query(1, 'resourceVersion')).to.equal('7');
    expect(restarts).to.deep.equal(['error']);
  });

  for (const [how, answer] of [
    ['as an event', lines([gone])],
    ['as an answer', status(410, 'too old')],
  ] as const) {
    it(`begins anew at once when the version has expired, ${how}; the old list serves meanwhile`, async () => {
      start(
        true,
        lines([added('a', 1), added('b', 2), listEnd(5)], 'close'),
        lines([bookmark(6)], 'close'),
        answer,
        (response) => {
          expect(names()).to.deep.equal(['a', 'b']);
          lines([added('b', 2), added('c', 9), listEnd(10)])(response, server.calls[0] as never);
        },
      );
      await until(() => names().includes('c'));
      expect(names()).to.deep.equal(['b', 'c']);
      expect(query(3, 'sendInitialEvents')).to.equal('true');
      expect(restarts).to.deep.equal(['end', 'end', 'expired']);
    });
  }

  it('pages where the server refuses to stream lists, and does not ask again', async () => {
    const page = (version: number, items: readonly Thing[], next?: string) =>
      json({
        metadata: { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) },
        items,
      });
    start(
      true,
      status(422, 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch'),
      page(30, [thing('a', 1)], 'more'),
      page(30, [thing('b', 2)]),
      lines([added('c', 31), gone]),
      page(32, [thing('a', 1)]),
      lines([bookmark(33)]),
    );
    await until(() => server.calls.length === 6);
    expect([query(1, 'limit'), query(1, 'watch'), query(2, 'continue')]).to.deep.equal(['500', null, 'more']);
    expect(query(3, 'resourceVersion')).to.equal('30');
    await until(() => store.size === 1);
    expect(names()).to.deep.equal(['a']);
  });

  it('reads a stream of protobuf as it reads one of JSON, and an expired version in it', async () => {
    const frames: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.kubernetes.protobuf;stream=watch' });
      for (const { type, object } of [added('a', 1), listEnd(5), added('b', 7)])
        response.write(watchFrame(type, object, NODE));
      response.end(watchFrame('ERROR', gone.object, STATUS));
    };
    start(true, frames, lines([added('c', 9), listEnd(10)]));
    await until(() => names().includes('c'));
    expect(names()).to.deep.equal(['c']);
    expect([server.calls[0]?.headers.accept, restarts]).to.deep.equal([
      'application/vnd.kubernetes.protobuf, application/json',
      ['expired'],
    ]);
  });

  it('pages where the closing bookmark never comes', async () => {
    start(
      true,
      lines([added('a', 1)]),
      json({ metadata: { resourceVersion: '3' }, items: [thing('a', 1)] }),
      lines([]),
    );
    await until(() => store.size === 1 && server.calls.length === 3);
    expect(restarts).to.deep.equal(['silence']);
  });

  it('begins a list again that expired between its pages', async () => {
    start(
      false,
      json({ metadata: { resourceVersion: '3', continue: 'x' }, items: [thing('a', 1)] }),
      status(410, 'the continue token is too old'),
      json({ metadata: { resourceVersion: '4' }, items: [thing('b', 1)] }),
      lines([]),
    );
    await until(() => store.size === 1);
    expect(names()).to.deep.equal(['b']);
  });

  it('takes silence for a dead connection', async () => {
    start(true, lines([listEnd(5)]), lines([added('a', 6)]));
    await until(() => store.size === 1);
    expect(restarts).to.deep.equal(['silence']);
    expect(query(1, 'resourceVersion')).to.equal('5');
  });

  it('lets a watch without bookmarks be mute until the server would have ended it', async () => {
    startWith({ bookmarks: false, serverSeconds: 1 }, true, lines([listEnd(5)]), lines([added('a', 6)]));
    await systemClock.sleep(limits.silenceMsMax + 300);
    expect(restarts).to.deep.equal([]);
    await until(() => store.size === 1);
    expect(restarts).to.deep.equal(['silence']);
  });

  it('tells its trouble and recovers', async () => {
    const watch = start(
      true,
      status(403, 'nodes is forbidden'),
      status(403, 'nodes is forbidden'),
      lines([listEnd(5)]),
    );
    await until(() => watch.health().trouble === 'nodes is forbidden');
    expect(watch.health().synced).to.equal(false);
    await until(() => watch.health().synced);
    expect(watch.health().troubleSinceMs).to.equal(undefined);
    await watch.whenSynced();
  });

  const mute: Answer = (response) => void response.writeHead(200).write('\n');

  it('knows for how long it has heard the server without a break, which a short cut is not', async () => {
    const watch = start(true, lines([listEnd(5)]), status(500, 'etcd is away'), mute);
    expect(watch.heardForMs()).to.equal(0);
    await until(() => watch.health().synced);
    await until(() => watch.health().trouble === 'etcd is away');
    await until(() => watch.heardForMs() > 0);
    const before = watch.heardForMs();
    await until(() => watch.health().troubleSinceMs === undefined);
    expect(watch.heardForMs()).to.be.at.least(before);
  });

  it('resumes at once after each cut of a connection that had lived for a while, although it heard nothing', async () => {
    const cutAfter =
      (ms: number): Answer =>
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
        setTimeout(() => response.destroy(), ms);
      };
    const slow = { ...limits, backoffMsMin: 2_000, backoffMsMax: 4_000 };
    const quiet = [lines([listEnd(5)], 'cut'), cutAfter(1_100), cutAfter(1_100), lines([])];
    startWith({ bookmarks: true, serverSeconds: 290, limits: slow }, true, ...quiet);
    const beginMs = performance.now();
    await until(() => server.calls.length === 4);
    expect(performance.now() - beginMs).to.be.below(2 * 1_100 + 3 * 1_000);
    expect(restarts).to.deep.equal(['error', 'error', 'error']);
  });

  it('waits between attempts when the server ends every watch at once', async () => {
    start(true, lines([listEnd(5)], 'close'), ...Array.from({ length: 50 }, () => lines([], 'close')));
    await until(() => server.calls.length > 1);
    const before = server.calls.length;
    await systemClock.sleep(200);
    expect(server.calls.length - before).to.be.within(1, 12);
  });

  it('waits between lists when the server forgets each version at once, where it pages', async () => {
    const page = json({ metadata: { resourceVersion: '5' }, items: [] });
    server.otherwise = (response, call) =>
      (call.url.searchParams.has('watch') ? status(410, 'too old') : page)(response, call);
    start(false);
    await until(() => restarts.length > 1);
    const before = server.calls.length;
    await systemClock.sleep(200);
    expect(server.calls.length - before).to.be.within(1, 25);
  });

  it('lists anew where nothing at all comes from a version: it may be of a time that was taken back', async () => {
    start(true, lines([added('a', 1), listEnd(500)], 'close'), mute, lines([added('b', 3), listEnd(7)]));
    await until(() => names().includes('b'));
    expect(names()).to.deep.equal(['b']);
    expect(query(1, 'resourceVersion')).to.equal('500');
    expect(query(2, 'sendInitialEvents')).to.equal('true');
    expect(restarts).to.deep.equal(['end', 'silence']);
  });

  describe('of a kind that the cluster may not have', () => {
    let served: boolean[];
    function optional(...answers: readonly Answer[]): Watch<Thing> {
      served = [];
      server.answer(...answers);
      const watch = new Watch<Thing>({
        resource: {
          name: 'things',
          path: '/things',
          selectors: {},
          shape: undefined,
          bookmarks: true,
          optional: { absentMs: 50 },
        },
        store,
        transport,
        clock: systemClock,
        random: () => 0.5,
        log: silentLogger(),
        limits,
        watchList: true,
        onRestart: (_, cause) => restarts.push(cause),
        onServed: (is) => served.push(is),
      });
      running = watch.run(stop.signal);
      return watch;
    }
    const absent = status(404, 'the server could not find the requested resource');

    it('takes its absence for an empty list, and notices when it comes', async () => {
      const watch = optional(absent, absent, lines([added('a', 1), listEnd(5)]));
      await watch.whenSynced();
      expect([store.size, watch.health().troubleSinceMs]).to.deep.equal([0, undefined]);
      await until(() => store.size === 1);
      expect(served).to.deep.equal([false, true]);
      expect(restarts, 'an absence is no trouble').to.deep.equal([]);
      expect(server.calls[0]?.headers.accept, 'custom resources come as JSON only').to.equal('application/json');
    });

    it('keeps what it has when the server does not know it for a while', async () => {
      optional(
        lines([added('a', 1), listEnd(5)], 'close'),
        absent,
        absent,
        lines([added('a', 1), added('b', 6), listEnd(7)]),
      );
      await until(() => store.size === 2);
      expect(served).to.deep.equal([true, false, true]);
      expect(names()).to.deep.equal(['a', 'b']);
    });

    it('is an error of any other kind', async () => {
      start(true, absent, absent, lines([listEnd(5)]));
      await until(() => restarts.length === 2);
      expect(restarts).to.deep.equal(['error', 'error']);
    });
  });

  it('lists anew when it is told to, without a pause, and serves what it has until the list is whole', async () => {
    let finish: () => void = () => {};
    const watch = start(true, lines([added('a', 1), listEnd(5)]), (response) => {
      response.writeHead(200).write(`${JSON.stringify(added('b', 6))}\n`);
      finish = () => response.write(`${JSON.stringify(listEnd(7))}\n`);
    });
    await until(() => store.size === 1);
    watch.refresh();
    await until(() => server.calls.length === 2);
    expect(query(1, 'sendInitialEvents')).to.equal('true');
    expect(names()).to.deep.equal(['a']);
    finish();
    await until(() => names().includes('b'));
    expect(names()).to.deep.equal(['b']);
    expect(restarts).to.deep.equal([]);
  });
});
