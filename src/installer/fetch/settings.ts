import { ENV } from '../../contract.ts';
import { Terminal } from '../../errors.ts';
import type { FetchSettings } from './fetch-shim.ts';
import { FETCH_LIMITS } from './limits.ts';
import { readMirror } from './place.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const SECONDS_MAX = 86_400;

/** NODE_EXTRA_CA_CERTS is Node's own: it is read before any of this. */
export function readFetchSettings(env: Environment): FetchSettings {
  const either = (name: string): string | undefined => env[name.toLowerCase()] ?? env[name];
  return {
    mirror: readMirror(env[ENV.mirror]),
    proxies: {
      httpsProxy: either('HTTPS_PROXY'),
      httpProxy: either('HTTP_PROXY'),
      noProxy: either('NO_PROXY'),
    },
    limits: { ...FETCH_LIMITS, deadlineMs: seconds(env, 'KWASM_FETCH_SECONDS') ?? FETCH_LIMITS.deadlineMs },
    random: Math.random,
  };
}

function seconds(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= SECONDS_MAX) return value * 1000;
  throw new Terminal(`${name} is "${text}": expected seconds up to ${SECONDS_MAX}`);
}
