import { readFileSync } from 'node:fs';
import { play, type Story } from './machine.ts';

/** The process that strace watches. */
const { story, version, shim, assets } = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(await play(story as Story, version, shim, assets));
