import { messageOf } from '../../src/errors.ts';
import { DEMO_NAMESPACE, DEMO_SELECTOR, OPERATOR_NAMESPACE } from './api.ts';
import type { Tools } from './kubectl.ts';

const CONDITIONS =
  'custom-columns=NODE:.metadata.name,KWASM:.status.conditions[?(@.type=="KwasmReady")].status,' +
  'REASON:.status.conditions[?(@.type=="KwasmReady")].reason,MESSAGE:.status.conditions[?(@.type=="KwasmReady")].message';

/** What a person would look at next, in that order. */
const QUESTIONS: readonly (readonly string[])[] = [
  ['get', 'nodes', '-o', CONDITIONS],
  ['get', 'pods', '-n', OPERATOR_NAMESPACE, '-o', 'wide'],
  ['get', 'pods', '-n', DEMO_NAMESPACE, '-l', DEMO_SELECTOR, '-o', 'wide'],
  ['get', 'events', '-n', OPERATOR_NAMESPACE, '--sort-by=.lastTimestamp'],
  ['get', 'events', '-n', DEMO_NAMESPACE, '--sort-by=.lastTimestamp'],
  ['logs', '-n', OPERATOR_NAMESPACE, '-l', 'kwasm.sh/job=true', '--all-containers', '--prefix', '--tail=20'],
  ['logs', '-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/name=kwasm-operator', '--tail=20'],
];
const LINES_MAX = 25;

/** Never fails: what cannot be asked says why. */
export async function diagnose(tools: Tools, say: (line: string) => void): Promise<void> {
  for (const question of QUESTIONS) {
    const answer = await tools.kubectl(question).catch((error: unknown) => `(${messageOf(error)})`);
    for (const line of answer.trimEnd().split('\n').slice(-LINES_MAX)) say(`    ${line}`);
  }
}
