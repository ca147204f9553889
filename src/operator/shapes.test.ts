import { expect } from 'chai';
import { AGENT_LABEL, NODE_CONDITION, RUNTIME_LABEL_PREFIX } from '../contract.ts';
import { projectClass, projectJob, projectNode, projectPause, projectPod, projectRefusal } from './decide/project.ts';
import type { Shape } from './kube/protobuf.ts';
import { CONFIG_MAP, EVENT, JOB, NODE, POD, RUNTIME_CLASS } from './kube/shapes.ts';

/**
 * A projection that reads a field which its shape lacks would see it in JSON and miss it in protobuf: each reads a whole
 * object here, behind a proxy that writes down where it looked.
 */
const time = '2026-11-01T10:00:00Z';
const metadata = {
  name: 'a',
  uid: 'u',
  resourceVersion: '7',
  creationTimestamp: time,
  deletionTimestamp: time,
  labels: { [`${RUNTIME_LABEL_PREFIX}wasmtime`]: 'true', [AGENT_LABEL]: 'true' },
  annotations: { a: 'b' },
  ownerReferences: [
    { kind: 'Node', name: 'n', uid: 'u' },
    { kind: 'Job', name: 'j', uid: 'v' },
  ],
};
const conditionOf = (type: string) => ({ type, status: 'True', reason: 'r', message: 'm', lastTransitionTime: time });
const container = { name: 'kwasm-provision', image: 'i', env: [{ name: 'KWASM_MACHINE_ID', value: 'm' }] };
const podSpec = { nodeName: 'n', initContainers: [container], containers: [container] };
const ended = { exitCode: 1, reason: 'r', message: 'm', startedAt: time, finishedAt: time, containerID: 'c' };
const statuses = [
  { name: 'a', state: { waiting: { reason: 'r', message: 'm' } } },
  { name: 'b', state: { running: { startedAt: time } } },
  { name: 'c', state: { terminated: ended } },
];
/** Of the agent, which is started again: what it said last stands beside. */
const again = { name: 'kwasm-provision', state: { running: {} }, lastState: { terminated: ended } };

const cases: readonly { name: string; shape: Shape; project: (object: never) => unknown; object: object }[] = [
  {
    name: 'nodes',
    shape: NODE,
    project: (node: never) => projectNode(node, ['a'], 'k'),
    object: {
      metadata,
      spec: { unschedulable: true, taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
      status: {
        conditions: [conditionOf('Ready'), conditionOf(NODE_CONDITION)],
        nodeInfo: {},
        runtimeHandlers: [{ name: 'runc' }],
      },
    },
  },
  {
    name: 'jobs',
    shape: JOB,
    project: projectJob,
    object: { metadata, spec: { template: { spec: podSpec } }, status: { conditions: [conditionOf('Complete')] } },
  },
  {
    name: 'pods',
    shape: POD,
    project: projectPod,
    object: {
      metadata,
      spec: podSpec,
      status: { initContainerStatuses: [...statuses, again], containerStatuses: statuses },
    },
  },
  { name: 'configmaps', shape: CONFIG_MAP, project: projectPause, object: { metadata, data: { reason: 'r' } } },
  { name: 'events', shape: EVENT, project: projectRefusal, object: { metadata, involvedObject: { uid: 'u' } } },
  {
    name: 'runtimeclasses',
    shape: RUNTIME_CLASS,
    project: projectClass,
    object: { metadata, handler: 'h', scheduling: { nodeSelector: { a: 'b' } } },
  },
];

describe('shapes', () => {
  for (const { name, shape, project, object } of cases) {
    it(`${name}: hold every field that the projection reads`, () => {
      const read = new Set<string>();
      project(watched(object, '', read) as never);
      expect(read.size).to.be.greaterThan(2);
      const known = new Set(paths(shape, ''));
      expect([...read].filter((path) => !known.has(path) && !isInMap(path, shape))).to.deep.equal([]);
    });
  }
});

function watched(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key, receiver) {
      const found: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol' || typeof found === 'function') return found;
      if (Array.isArray(target)) return watched(found, path, read); // an element is its list's
      const at = path === '' ? key : `${path}.${key}`;
      read.add(at);
      return watched(found, at, read);
    },
  });
}

function paths(shape: Shape, path: string): readonly string[] {
  return shape.flatMap((field) => {
    if (field === undefined) return [];
    const at = path === '' ? field.name : `${path}.${field.name}`;
    return [at, ...paths(field.shape, at)];
  });
}

/** Keys of labels and annotations contain dots; a map has no fields. */
function isInMap(path: string, shape: Shape): boolean {
  return mapsOf(shape, '').some((map) => path.startsWith(map));
}

function mapsOf(shape: Shape, path: string): readonly string[] {
  return shape.flatMap((field) => {
    if (field === undefined) return [];
    const at = `${path}${field.name}.`;
    return field.kind === 'map' ? [at] : mapsOf(field.shape, at);
  });
}
