import { dirname } from 'node:path';
import type { Cluster } from '../cluster/provider.ts';
import { overlayDir, type Told } from './story.ts';
import { sharesTable } from './table.ts';
import { shares } from './timeline.ts';

/** The answer, where the time went, and how to go on. */
export function report(cluster: Cluster, { answer, provisioned }: Told): readonly string[] {
  return ['', `$ ${answer.asked}`, answer.body.trimEnd(), '', ...timesOf(provisioned), '', ...farewell(cluster)];
}

function timesOf({ before, timelines }: Told['provisioned']): readonly string[] {
  const timed = [...timelines].filter(([node]) => !before.includes(node));
  const table = sharesTable(timed.map(([title, timeline]) => ({ title, shares: shares(timeline) })));
  const known = before.map((node) => `${node} was ready for Wasm before this run.`);
  return timed.length === 0 ? known : [...table, ...known];
}

function farewell(cluster: Cluster): readonly string[] {
  const name = cluster.name === 'kwasm' ? '' : ` --name ${cluster.name}`;
  const path = [...new Set([dirname(cluster.kubectl), dirname(cluster.helm)])].join(':');
  return [
    'To look around:',
    `  export KUBECONFIG=${cluster.kubeconfig} PATH=${path}:$PATH`,
    '  kubectl get nodes -L kwasm.sh/kwasm-provisioned,runtime.kwasm.sh/wasmtime',
    '  kubectl describe node            # the condition KwasmReady, and the events',
    '  kubectl get pods -o wide         # the Wasm pods, an ordinary Deployment',
    'To take Wasm off the nodes again, every changed file as it was (its pods go first: they run on what is removed):',
    `  kubectl delete -k ${overlayDir(cluster.name)}`,
    '  kubectl annotate node --all kwasm.sh/kwasm-node-',
    'To remove everything:',
    `  npm run cluster -- down${name}`,
  ];
}
