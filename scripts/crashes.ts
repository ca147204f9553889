import { spawnSync } from 'node:child_process';
import { mochaCommand, root } from './testing/mocha.ts';
import { ensurePackages } from './toolchain/packages.ts';

/**
 * `npm run e2e:crashes`: records every write, flush and rename of a run with strace, and tries the recovery on whatever a
 * power cut may leave. Needs root for a mount namespace, and no cluster; some minutes.
 */
await ensurePackages(['strace'], (line) => console.error(line), new AbortController().signal);
const { file, args } = mochaCommand(['e2e/faults/*.test.ts'], process.argv.slice(2));
process.exitCode = spawnSync(file, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
