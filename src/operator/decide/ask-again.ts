import { RECORD_ANNOTATION, RETRY } from '../../contract.ts';
import type { Action } from './action.ts';
import type { NodeRecord } from './record.ts';

/**
 * A person has mended what kept a node from being undone: its failures count no more. There is no trigger to set anew on
 * a node that is not wanted. Where nothing has failed, the annotation goes all the same, or it would act some other day.
 */
export function askAgain(record: NodeRecord | undefined): readonly Action[] {
  return [{ kind: 'markNode', labels: {}, annotations: { [RETRY]: null, ...afresh(record) } }];
}

function afresh(record: NodeRecord | undefined): Readonly<Record<string, string>> {
  if (record?.state !== 'removing' || record.attempts === 0) return {};
  const { ending: _, ...rest } = record; // pods that could not be ended then are told anew
  return { [RECORD_ANNOTATION]: JSON.stringify({ ...rest, attempts: 0 } satisfies NodeRecord) };
}
