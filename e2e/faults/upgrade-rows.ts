import { answer, podAddress } from '../harness/workloads.ts';
import { imageOf } from './bad-shims.ts';
import { type Cell, install, SHORT } from './cell.ts';
import { killInstaller, killNode, killPod, reached, settledByHost } from './faults.ts';
import { containerOf, sameConfig, servedHandlers, serves, stateOf } from './node.ts';
import { coverPrograms, POINTS, type PointName, pauseAt } from './pause.ts';
import type { Row } from './row.ts';
import { startWasmPod, stopWasmPod, wasmPod } from './wasm-pod.ts';

/** The same faults while another shim replaces the one that a Wasm pod runs on. The old handler, or the new one; and the pod. */
type Fault = 'kill -9 of the installer' | 'kill -9 of its pod' | 'power cut';
const PATIENT = { ...SHORT, KWASM_SWITCH_SECONDS: '90' };

async function upgrade(cell: Cell, point: PointName, fault: Fault): Promise<void> {
  const { node, problems } = cell;
  await (await install(cell, PATIENT)).ended();
  const before = await stateOf(node);
  const pod = await startWasmPod(node);
  const image = await imageOf(node.test, 'other');
  await coverPrograms(node);
  await pauseAt(node, point);
  const run = await install(cell, fault === 'kill -9 of its pod' ? SHORT : PATIENT, image);
  await reached(cell, run);
  if (fault === 'power cut') await killNode(cell);
  else if (fault === 'kill -9 of its pod') await killPod(cell, run);
  else await killInstaller(cell);
  if (fault !== 'kill -9 of the installer') await settledByHost(cell);
  else cell.verdict = (await (await install(cell, PATIENT, image, `installer-${node.name}-next`)).ended()).verdict;
  await serves(node);
  const kept = sameConfig(before, await stateOf(node));
  if (cell.verdict !== undefined && (cell.verdict.outcome === 'installed') === kept)
    problems.push(`said ${cell.verdict.outcome}, yet the configuration is the ${kept ? 'old' : 'new'} one`);
  if (cell.verdict === undefined && !kept) problems.push('the host has not put the old configuration back');
  if (!(await servedHandlers(node)).includes('wasmtime')) problems.push('containerd serves no wasmtime any more');
  const selector = `app=${wasmPod(node)}`;
  const address = await podAddress(node.test.kubectl, selector);
  await answer(`http://${address}:8080/`, 120_000);
  if (!cell.rebooted && (await containerOf(node, selector)) !== pod) problems.push('the Wasm pod is another one');
  await stopWasmPod(node);
}

const row = (point: PointName, fault: Fault, more: Pick<Row, 'quick'> = {}): Row => ({
  id: `an upgrade under a running Wasm pod, ${fault}: ${POINTS[point].name}`,
  ...more,
  run: (cell) => upgrade(cell, point, fault),
});

export const upgradeRows: readonly Row[] = [
  row('written', 'kill -9 of its pod'),
  row('restarted', 'kill -9 of its pod'),
  row('restarted', 'kill -9 of the installer'),
  row('restarted', 'power cut'),
];
