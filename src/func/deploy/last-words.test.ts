import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { FunctionCluster } from './cluster.ts';
import { lastWords } from './last-words.ts';

const GONE = 'unable to retrieve container logs for containerd://b030';

function pod(state: V1ContainerState, message?: string): V1Pod {
  const ended = { terminated: { exitCode: 3, ...(message === undefined ? {} : { message }) } };
  const container = { name: 'user-container', image: '', imageID: '', ready: false, restartCount: 1 };
  return {
    metadata: { name: 'hello-1' },
    status: { containerStatuses: [{ ...container, state, lastState: ended }] },
  };
}

function logs(now: string | Error, before: string | Error): FunctionCluster {
  const logTail = async (_namespace: string, _pod: string, _lines: number, previous: boolean) => {
    const text = previous ? before : now;
    if (text instanceof Error) throw text;
    return text;
  };
  return { logTail } as unknown as FunctionCluster;
}

describe('lastWords', () => {
  const running = { running: {} };
  const waiting = { waiting: { reason: 'CrashLoopBackOff' } };
  const ended = { terminated: { exitCode: 3 } };
  const cases: readonly (readonly [string, V1Pod, FunctionCluster, readonly string[]])[] = [
    ['of the one that has just ended', pod(ended), logs('last\n', 'first\n'), ['last']],
    ['of the one that is not started again yet', pod(waiting), logs('last\n', 'first\n'), ['last']],
    ['of the one before, while it runs again', pod(running), logs('starting\n', 'last\n'), ['last']],
    ['of the one now, where the one before is cleared away', pod(running), logs('now\n', GONE), ['now']],
    ['as the kubelet kept them', pod(waiting, 'no database\n'), logs(GONE, new Error('400')), ['no database']],
    ['none at all', pod(waiting), logs('', GONE), []],
  ];
  for (const [name, given, cluster, words] of cases) {
    it(name, async () => expect(await lastWords(given, 'shop', cluster)).to.deep.equal(words));
  }
});
