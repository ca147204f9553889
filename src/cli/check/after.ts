import type { StatusView } from '../status/view.ts';
import { some } from './nodes.ts';
import { type Answer, bad, ok, type Section, skipped, warn } from './result.ts';

/** What must be so after an install, layer by layer: operator, wish, work, proof, labels, RuntimeClasses. */
export function after(view: StatusView, canary: () => Promise<Answer>): readonly Section[] {
  const check = (title: string, answer: Answer) => ({ title, ask: async () => answer });
  return [
    {
      title: 'Operator',
      checks: [
        check('it is installed, and its configuration can be read', installed(view)),
        check('it is ready', operatorReady(view)),
        check('nothing is paused', paused(view)),
      ],
    },
    {
      title: 'Nodes',
      checks: [
        check('some nodes are asked for', asked(view)),
        check('the operator has answered on each', answered(view)),
        check('none has failed', failed(view)),
        check('all are done', done(view)),
        check('labels and kubelets agree on what serves', labelled(view)),
      ],
    },
    {
      title: 'Workloads',
      checks: [
        check('a RuntimeClass leads to proved nodes', classes(view)),
        check('pods that name one are running', workloads(view)),
        {
          title: 'a canary pod answers HTTP',
          ask: async () => (view.counts.ready === 0 ? skipped('no node is ready') : await canary()),
        },
      ],
    },
  ];
}

function installed({ operator }: StatusView): Answer {
  switch (operator.kind) {
    case 'present':
      return ok(`${operator.operator.namespace}/${operator.operator.name} ${operator.operator.version}`);
    case 'absent':
      return bad(
        `not in namespace ${operator.namespace}`,
        'kwasm check --pre, then kwasm install; -n names another namespace',
      );
    case 'unknown':
      return bad(operator.why, 'ask for the right, or take over the release: docs/compatibility.md');
  }
}

function operatorReady({ operator }: StatusView): Answer {
  if (operator.kind !== 'present') return skipped('there is no operator to ask');
  const { namespace, name, replicas, readyReplicas } = operator.operator;
  if (replicas === 0) return bad('it is scaled to 0', `kubectl -n ${namespace} scale deployment/${name} --replicas=1`);
  if (readyReplicas === 0)
    return bad(
      `0 of ${replicas} replicas are ready`,
      `kubectl -n ${namespace} describe deployment/${name}; its log: kubectl -n ${namespace} logs deployment/${name}`,
    );
  return ok(`${readyReplicas} of ${replicas}`);
}

function paused({ pausedBy, nodes }: StatusView): Answer {
  if (pausedBy !== undefined)
    return warn(`everything is${pausedBy === '' ? '' : `: ${pausedBy}`}`, 'kwasm node resume --all');
  const names = nodes.filter(({ paused: its }) => its).map(({ name }) => name);
  return names.length === 0 ? ok() : warn(some(names), `kwasm node resume ${names[0]}`);
}

function asked({ wanted, total }: StatusView): Answer {
  return wanted > 0 ? ok(`${wanted} of ${total}`) : warn(`none of ${total}`, 'kwasm node enable NODE --wait');
}

function answered({ nodes }: StatusView): Answer {
  const unseen = nodes.filter(({ standing }) => standing === 'unseen').map(({ name }) => name);
  if (unseen.length === 0) return ok();
  return warn(`no word on ${some(unseen)}`, "a moment's delay is normal; else read the operator's log");
}

function failed({ nodes }: StatusView): Answer {
  const bads = nodes.filter(({ standing }) => standing === 'failed');
  const [first] = bads;
  if (first === undefined) {
    const again = nodes.filter(({ standing }) => standing === 'retrying').map(({ name }) => name);
    return again.length === 0 ? ok() : warn(`${some(again)} failed and will be tried again`, `kwasm logs ${again[0]}`);
  }
  const said = bads
    .slice(0, 3)
    .map(({ name, reason, message }) => `${name}: ${reason}: ${message}`)
    .join('; ');
  return bad(said, `${first.todo} Then: kwasm node retry ${first.name} --wait`);
}

function done({ nodes, waits }: StatusView): Answer {
  const left = nodes.filter(({ standing }) => standing === 'waiting' || standing === 'working').map(({ name }) => name);
  if (left.length === 0) return ok();
  const why = waits[0] === undefined ? '' : `; ${waits[0].reason}: ${waits[0].message}`;
  return warn(`${some(left)} ${left.length === 1 ? 'is' : 'are'} on the way${why}`, 'kwasm status --watch');
}

/** The operator's labels are what pods are scheduled by; containerd 2 tells the kubelet what it really serves. */
function labelled({ nodes }: StatusView): Answer {
  const ready = nodes.filter(({ standing }) => standing === 'ready');
  if (ready.length === 0) return skipped('no node is ready');
  const bare = ready.filter(({ handlers }) => handlers.length === 0).map(({ name }) => name);
  if (bare.length > 0)
    return bad(
      `${some(bare)} ${bare.length === 1 ? 'has' : 'have'} no label of a runtime`,
      'see whether somebody removes labels from nodes; the operator sets them again',
    );
  const lost = ready.filter(
    ({ served, handlers }) => served.length > 0 && handlers.some((one) => !served.includes(one)),
  );
  const [first] = lost;
  if (first !== undefined) {
    return warn(
      `the kubelet of ${some(lost.map(({ name }) => name))} does not report ${first.handlers.filter((one) => !first.served.includes(one)).join(', ')}`,
      `kwasm doctor ${first.name}`,
    );
  }
  return ok(`${ready.length} of ${ready.length}`);
}

function classes(view: StatusView): Answer {
  if (view.counts.ready === 0) return skipped('no node is ready');
  const leading = view.classes.filter(({ nodes }) => nodes > 0);
  if (leading.length > 0) return ok(leading.map(({ name, nodes }) => `${name} (${nodes})`).join(', '));
  return bad(
    'none does',
    'name it in kwasmOperator.runtimeClasses, or make one with the nodeSelector runtime.kwasm.sh/<handler>: "true"',
  );
}

function workloads({ workloads: rows }: StatusView): Answer {
  const stuck = rows.filter(({ running, pods }) => running < pods);
  const [first] = stuck;
  if (first === undefined) return rows.length === 0 ? skipped('nothing uses one yet') : ok(`${rows.length} workloads`);
  return warn(
    stuck
      .slice(0, 3)
      .map(({ namespace, owner, running, pods }) => `${namespace}/${owner} ${running}/${pods}`)
      .join(', '),
    `kubectl -n ${first.namespace} get events; a pod that stays Pending finds no proved node`,
  );
}
