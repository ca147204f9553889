import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import * as z from 'zod';
import { HOST } from '../contract.ts';
import type { Host } from './host.ts';
import { Refusal } from './refusal.ts';

/** What an install leaves behind for the uninstall: facts that the changed files themselves do not tell. */
export const RECORD_PATH = join(HOST.state, 'record.json');

const recordSchema = z.object({
  version: z.literal(1),
  createdDirectories: z.array(z.string()),
});
export type Record = z.infer<typeof recordSchema>;

export function readRecord(host: Host): Record {
  let text: string;
  try {
    text = readFileSync(host.at(RECORD_PATH), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, createdDirectories: [] };
    throw error;
  }
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Refusal(
      'UnknownJournal',
      `${RECORD_PATH} was written by another version of the installer; run that version`,
      { cause },
    );
  }
}
