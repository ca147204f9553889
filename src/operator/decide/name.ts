import { createHash } from 'node:crypto';
import { CANARY_JOB_SUFFIX, JOB_SUFFIX, type JobAction, UNINSTALL_JOB_SUFFIX } from '../../contract.ts';

/**
 * Job names. KWasm's operator cut `<node>-provision-kwasm` at 63 characters: nodes with a long common prefix shared one
 * Job, a cut could end in '-', which the API server rejects, and its delete used the uncut name and missed
 * (KWasm/kwasm-operator#21). Short names stay byte-identical, so that its Jobs are recognised; a long one carries a hash
 * of the whole name. 63, because the name also becomes a label value of the pods.
 */
const NAME_LENGTH_MAX = 63;

export function jobName(node: string, action: JobAction): string {
  const suffix = action === 'install' ? JOB_SUFFIX : UNINSTALL_JOB_SUFFIX;
  return node.length + suffix.length <= NAME_LENGTH_MAX ? node + suffix : hashed(node, node, suffix);
}

/** One per node and handler. Always with the hash of both: handlers may contain what separates them from a node's name. */
export function canaryJobName(node: string, handler: string): string {
  return hashed(node, `${node}/${handler}`, CANARY_JOB_SUFFIX);
}

function hashed(node: string, whole: string, suffix: string): string {
  const tail = `-${sha256Hex(whole).slice(0, 8)}${suffix}`;
  return node.slice(0, NAME_LENGTH_MAX - tail.length).replace(/[-.]+$/, '') + tail;
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Node names go to 253 characters, label values and the part of a key after '/' only to 63. */
export function fitsLabel(text: string): boolean {
  return LABEL_VALUE.test(text);
}
