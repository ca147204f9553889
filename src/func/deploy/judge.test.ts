import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { FunctionObject } from './deployed-function.ts';
import { judge } from './judge.ts';
import { podFailure } from './pod-failure.ts';

function object(status: FunctionObject['status'] | undefined, generation = 2): FunctionObject {
  return { metadata: { name: 'hello', generation }, ...(status === undefined ? {} : { status }) };
}

const ready = (status: string, reason = '', message = '', observedGeneration = 2): FunctionObject =>
  object({
    observedGeneration,
    conditions: [{ type: 'Ready', status, reason, message }],
    address: { url: 'http://hello.shop.svc' },
  });

describe('judge', () => {
  const cases: readonly (readonly [string, FunctionObject, string])[] = [
    ['nobody has taken it up', object(undefined), 'waiting'],
    ['it serves', ready('True', 'Serving'), 'ready'],
    ['it served the version before', ready('True', 'Serving', '', 1), 'waiting'],
    ['the version before had failed', ready('False', 'CrashLoopBackOff', '', 1), 'waiting'],
    ['pods on their way', ready('Unknown', 'Deploying', '0 of 1 pods are new'), 'waiting'],
    ['a node compiles it', ready('Unknown', 'Compiling', 'WebAssembly is still ...'), 'waiting'],
    ['a Service that is not there yet', ready('False', 'ServiceUnavailable', 'Service "x" wasn\'t found.'), 'waiting'],
    ['a revision that is not there yet', ready('False', 'RevisionMissing'), 'waiting'],
    ['a controller that says so of its own work', ready('False', 'Deploying'), 'waiting'],
    ['a revision that has failed', ready('False', 'RevisionFailed', 'no image'), 'failed'],
    ['a field that is wrong', ready('False', 'InvalidSpec', 'spec.env'), 'failed'],
    ['ready, and no address', object({ conditions: [{ type: 'Ready', status: 'True' }] }), 'waiting'],
  ];
  for (const [name, given, kind] of cases) it(`${name}: ${kind}`, () => expect(judge(given).kind).to.equal(kind));

  it('tells the public address of a Knative Service, and the other of a module', () => {
    const service = object({
      conditions: [{ type: 'Ready', status: 'True' }],
      url: 'http://hello.example',
      address: { url: 'http://hello.shop.svc' },
    });
    expect(judge(service)).to.include({ url: 'http://hello.example' });
    expect(judge(ready('True'))).to.include({ url: 'http://hello.shop.svc' });
  });
});

interface PodState {
  readonly waiting?: string;
  readonly exits?: readonly number[];
  readonly uid?: string;
  readonly createdMs?: number;
  readonly leaving?: boolean;
}

function pod({ waiting, exits = [], uid = 'p1', createdMs = 0, leaving = false }: PodState): V1Pod {
  const last = exits.at(-1);
  const terminated = last === undefined ? undefined : { exitCode: last };
  const status = {
    name: 'user-container',
    image: '',
    imageID: '',
    ready: false,
    restartCount: waiting === undefined ? Math.max(0, exits.length - 1) : exits.length,
    state:
      waiting !== undefined
        ? { waiting: { reason: waiting, message: 'back-off' } }
        : terminated === undefined
          ? {}
          : { terminated },
    ...(waiting !== undefined && terminated !== undefined ? { lastState: { terminated } } : {}),
  };
  const creationTimestamp = new Date(createdMs);
  const deleted = leaving ? { deletionTimestamp: creationTimestamp } : {};
  return {
    metadata: { name: `hello-${uid}`, uid, creationTimestamp, ...deleted },
    status: { containerStatuses: [status] },
  };
}

describe('podFailure', () => {
  const none = new Set<string>();
  const cases: readonly (readonly [string, PodState, string | undefined])[] = [
    ['on its way', { waiting: 'ContainerCreating' }, undefined],
    ['a pull that failed, to be watched', { waiting: 'ErrImagePull' }, 'ErrImagePull'],
    ['a name that is none', { waiting: 'InvalidImageName' }, 'InvalidImageName'],
    ['a first bad end', { exits: [3] }, undefined],
    ['a second bad end', { exits: [3, 3] }, 'Error'],
    ['a second good end', { exits: [0, 0] }, undefined],
    ['a back-off', { waiting: 'CrashLoopBackOff', exits: [3] }, 'CrashLoopBackOff'],
  ];
  for (const [name, state, reason] of cases) {
    it(`${name}: ${reason ?? 'goes on'}`, () => expect(podFailure([pod(state)], none)?.reason).to.equal(reason));
  }

  it('a start that waits for machine code is none, however often', () => {
    const message =
      'failed to create shim task: WebAssembly is still being compiled on this node after 90 s; a later start finds it done: unavailable';
    const ended = { exitCode: 128, reason: 'StartError', message };
    const again = (state: object, lastState: object) => {
      const status = { name: 'user-container', image: '', imageID: '', ready: false, restartCount: 3 };
      return [{ status: { containerStatuses: [{ ...status, state, lastState }] } }];
    };
    const backOff = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } };
    expect(podFailure(again(backOff, { terminated: ended }), none)).to.equal(undefined);
    expect(podFailure(again({ terminated: ended }, {}), none)).to.equal(undefined);
    expect(podFailure(again({ waiting: { reason: 'RunContainerError', message } }, {}), none)).to.equal(undefined);
    expect(podFailure(again(backOff, { terminated: { ...ended, message: 'no' } }), none)).to.not.equal(undefined);
  });

  it('hears the newest pod only, and none that was there before or is leaving', () => {
    const old = pod({ waiting: 'CrashLoopBackOff', uid: 'old', createdMs: 1 });
    const fresh = pod({ waiting: 'ContainerCreating', uid: 'new', createdMs: 2 });
    expect(podFailure([old, fresh], none)).to.equal(undefined);
    expect(podFailure([old], new Set(['old']))).to.equal(undefined);
    expect(podFailure([pod({ waiting: 'CrashLoopBackOff', leaving: true })], none)).to.equal(undefined);
    expect(podFailure([old], none)?.pod).to.equal('hello-old');
  });
});
