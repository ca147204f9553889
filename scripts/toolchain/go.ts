import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Need } from './command.ts';
import { atLeast, type Found, firstOf, type Program } from './system.ts';

/** From here on Go fetches a newer release of itself, as a module, when a go.mod asks for one. */
const SELF_UPDATING = '1.21';

export async function systemGo(need: Need): Promise<Found> {
  const paths = ['go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go', join(homedir(), 'go', 'bin', 'go')];
  return judgeGo(await firstOf(paths, ['version'], /go version go(\d[\w.]*)/), need);
}

export function judgeGo(go: Program | undefined, need: Pick<Need, 'version'>): Found {
  if (go === undefined) return { kind: 'unfit', why: 'Go is not installed' };
  const fits = atLeast(go.version, need.version);
  if (!fits && !atLeast(go.version, SELF_UPDATING)) {
    return { kind: 'unfit', why: `Go ${go.version} is too old (${need.version} or newer is needed)` };
  }
  const description = fits
    ? `Go ${go.version} of this system`
    : `Go ${go.version} of this system, which fetches ${need.version} itself`;
  return {
    kind: 'found',
    toolchain: {
      description,
      command: (args, { cwd, env = {} }) => ({
        file: go.path,
        args,
        cwd,
        env: fits ? env : { ...env, GOTOOLCHAIN: 'auto' },
      }),
    },
  };
}
