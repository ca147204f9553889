import type { Field, Shape } from './protobuf.ts';

/**
 * What is read of each kind, by the field numbers of Kubernetes' generated.proto files, which are part of its API and
 * never change (https://github.com/kubernetes/api/blob/master/core/v1/generated.proto). A projection can see no other
 * field; a test holds the two together.
 */

const field =
  (kind: Field['kind'], repeated = false) =>
  (name: string, shape: Shape = []): Field => ({
    name,
    kind,
    repeated,
    shape,
  });
const text = field('text');
const number = field('number');
const flag = field('flag');
const time = field('time');
const map = field('map');
const message = field('message');
const messages = field('message', true);

function shape(fields: Readonly<Record<number, Field>>): Shape {
  const found: (Field | undefined)[] = [];
  for (const [key, one] of Object.entries(fields)) found[Number(key)] = one;
  return Array.from(found); // without holes, which every look-up would pay for
}

const OWNER = shape({ 1: text('kind'), 3: text('name'), 4: text('uid') });

const META = message(
  'metadata',
  shape({
    1: text('name'),
    3: text('namespace'),
    5: text('uid'),
    6: text('resourceVersion'),
    8: time('creationTimestamp'),
    9: time('deletionTimestamp'),
    11: map('labels'),
    12: map('annotations'),
    13: messages('ownerReferences', OWNER),
  }),
);

/** Which object it is, and of when. */
export const IDENTITY = shape({
  1: message('metadata', shape({ 1: text('name'), 5: text('uid'), 6: text('resourceVersion') })),
});

const METADATA = 1;
const RESOURCE_VERSION = 6;

/** A shape without the one field that is another at each write. */
export function lastingOf(whole: Shape): Shape {
  const metadata = whole[METADATA];
  if (metadata?.name !== 'metadata') return whole;
  const lasting = metadata.shape.map((one, number) => (number === RESOURCE_VERSION ? undefined : one));
  return whole.map((one, number) => (number === METADATA ? { ...metadata, shape: lasting } : one));
}

const CONDITION = {
  1: text('type'),
  2: text('status'),
  4: time('lastTransitionTime'),
  5: text('reason'),
  6: text('message'),
};

const NODE_INFO = shape({
  1: text('machineID'),
  2: text('systemUUID'),
  3: text('bootID'),
  4: text('kernelVersion'),
  5: text('osImage'),
  6: text('containerRuntimeVersion'),
  7: text('kubeletVersion'),
  9: text('operatingSystem'),
  10: text('architecture'),
});

export const NODE = shape({
  1: META,
  2: message(
    'spec',
    shape({
      4: flag('unschedulable'),
      5: messages('taints', shape({ 1: text('key'), 2: text('value'), 3: text('effect') })),
    }),
  ),
  3: message(
    'status',
    shape({
      4: messages('conditions', shape(CONDITION)),
      7: message('nodeInfo', NODE_INFO),
      12: messages('runtimeHandlers', shape({ 1: text('name') })),
    }),
  ),
});

const CONTAINER = shape({
  1: text('name'),
  2: text('image'),
  7: messages('env', shape({ 1: text('name'), 2: text('value') })),
});

const POD_SPEC = message(
  'spec',
  shape({ 2: messages('containers', CONTAINER), 10: text('nodeName'), 20: messages('initContainers', CONTAINER) }),
);

export const JOB = shape({
  1: META,
  2: message('spec', shape({ 6: message('template', shape({ 1: META, 2: POD_SPEC })) })),
  3: message('status', shape({ 1: messages('conditions', shape(CONDITION)) })),
});

const TERMINATED = shape({
  1: number('exitCode'),
  3: text('reason'),
  4: text('message'),
  5: time('startedAt'),
  6: time('finishedAt'),
  7: text('containerID'),
});
const STATE = shape({
  1: message('waiting', shape({ 1: text('reason'), 2: text('message') })),
  2: message('running'),
  3: message('terminated', TERMINATED),
});
const CONTAINER_STATUS = shape({ 1: text('name'), 2: message('state', STATE), 3: message('lastState', STATE) });

export const POD = shape({
  1: META,
  2: POD_SPEC,
  3: message(
    'status',
    shape({
      1: text('phase'),
      2: messages('conditions', shape(CONDITION)),
      3: text('message'),
      4: text('reason'),
      8: messages('containerStatuses', CONTAINER_STATUS),
      10: messages('initContainerStatuses', CONTAINER_STATUS),
    }),
  ),
});

export const CONFIG_MAP = shape({ 1: META, 2: map('data') });

export const EVENT = shape({
  1: META,
  2: message('involvedObject', shape({ 1: text('kind'), 3: text('name'), 4: text('uid') })),
  3: text('reason'),
  4: text('message'),
  6: time('firstTimestamp'),
  7: time('lastTimestamp'),
  10: time('eventTime'),
});

export const RUNTIME_CLASS = shape({
  1: META,
  2: text('handler'),
  4: message('scheduling', shape({ 1: map('nodeSelector') })),
});

/** A refusal, of a request or in the middle of a watch. */
export const STATUS = shape({ 2: text('status'), 3: text('message'), 4: text('reason'), 6: number('code') });

/** A page of objects. */
export function listOf(items: Shape): Shape {
  const metadata = message('metadata', shape({ 2: text('resourceVersion'), 3: text('continue') }));
  return shape({ 1: metadata, 2: messages('items', items) });
}
