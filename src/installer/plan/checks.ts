import { major, minor, valid } from 'semver';
import type { Finding } from './change.ts';
import type { ContainerdFacts, Facts } from './facts.ts';
import { declaredHandlers, isKwasmType } from './handlers.ts';
import { readOnlySystem } from './read-only-systems.ts';
import { parseDocument } from './toml.ts';

type Check = (facts: Facts, containerd: ContainerdFacts) => Finding | undefined;

/** In this order; the first finding is the answer. Each says what, where, and what to do. */
const checks: readonly Check[] = [
  noSystemd, //        the restart and the switch are systemd's
  noUnit, //           a process that nobody would start again
  unsupportedVersion, // below 1.6 a runtime_type cannot be a path
  replacedBinary, //   a restart would start another version
  readOnly, //         nothing can be written
  unreadable, //       what we cannot parse we must not edit
  importMissing, //    the daemon would not come back, whatever we write
  notLive, //          a restart would load somebody's waiting edit
];

export function hostFinding(facts: Facts): Finding | undefined {
  const { runtime } = facts;
  if (runtime.kind === 'none') {
    return {
      reason: 'NoRuntime',
      message: `no container runtime listens on ${runtime.searched.join(', ')}`,
    };
  }
  if (runtime.kind === 'other') {
    return {
      reason: 'NotContainerd',
      message: `the kubelet uses ${runtime.name} (${runtime.socket}); the shims are containerd's. ${insteadOf(runtime.name)}`,
    };
  }
  for (const check of checks) {
    const finding = check(facts, runtime);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

const insteadOf = (runtime: string): string =>
  runtime === 'CRI-O'
    ? 'CRI-O runs Wasm by crun built with a Wasm runtime, as a handler of its own; or use nodes that run containerd 1.6 or newer'
    : 'Use nodes that run containerd 1.6 or newer';

function noSystemd({ host }: Facts): Finding | undefined {
  if (host.systemd) return undefined;
  return { reason: 'NoSystemd', message: `${host.os} is not run by systemd, which the restart and its roll-back need` };
}

function noUnit(_: Facts, { unit, pid }: ContainerdFacts): Finding | undefined {
  if (unit !== '') return undefined;
  return {
    reason: 'NoUnit',
    message: `containerd (pid ${pid}) belongs to no systemd service, so nothing can restart it safely`,
  };
}

function unsupportedVersion(_: Facts, { version }: ContainerdFacts): Finding | undefined {
  const release = releaseOf(version);
  if (release !== undefined && (release.major === 2 || (release.major === 1 && release.minor >= 6))) return undefined;
  return {
    reason: 'UnsupportedContainerd',
    message: `containerd ${version} is running; supported are 1.6, 1.7 and 2.x`,
  };
}

function replacedBinary(_: Facts, { binaryReplaced, binary, unit }: ContainerdFacts): Finding | undefined {
  if (!binaryReplaced) return undefined;
  return {
    reason: 'BinaryReplaced',
    message: `${binary} was replaced since containerd started; finish that upgrade first: systemctl restart ${unit}`,
  };
}

function readOnly({ host }: Facts): Finding | undefined {
  if (host.readOnly.length === 0) return undefined;
  const instead = readOnlySystem(host.osId)?.instead ?? 'such systems take new runtimes as part of their image';
  return { reason: 'ReadOnlyHost', message: `${host.readOnly.join(', ')} cannot be written on ${host.os}; ${instead}` };
}

function unreadable(_: Facts, { config }: ContainerdFacts): Finding | undefined {
  for (const file of [config.root, ...config.imported]) {
    const parsed = file.kind === 'file' ? parseDocument(file.text) : undefined;
    if (parsed?.kind === 'invalid')
      return { reason: 'ConfigUnreadable', message: `${file.path} is not TOML that can be edited: ${parsed.message}` };
  }
  return undefined;
}

function importMissing(_: Facts, { config }: ContainerdFacts): Finding | undefined {
  if (config.missing.length === 0) return undefined;
  return {
    reason: 'ImportMissing',
    message: `${config.root.path} imports ${config.missing.join(', ')}, which does not exist: containerd would not start again. Create the file or remove the import`,
  };
}

/** What KWasm's own installer wrote and never loaded does not count: it is about to be replaced. */
function notLive(_: Facts, { dump, live, unit, config }: ContainerdFacts): Finding | undefined {
  const written = declaredHandlers(dump).filter(({ type }) => !isKwasmType(type));
  const served = live.filter(({ type }) => !isKwasmType(type));
  const text = (handlers: readonly { readonly name: string; readonly type: string }[]) =>
    handlers
      .map(({ name, type }) => `${name}=${type}`)
      .sort()
      .join(' ');
  if (text(written) === text(served)) return undefined;
  return {
    reason: 'ConfigNotLive',
    message: `containerd runs with other handlers (${text(served)}) than ${config.root.path} says (${text(written)}): somebody's edit waits for a restart. Run: systemctl restart ${unit}`,
  };
}

export function releaseOf(version: string): { readonly major: number; readonly minor: number } | undefined {
  const clean = valid(/\d+\.\d+\.\d+/.exec(version)?.[0] ?? '');
  return clean === null ? undefined : { major: major(clean), minor: minor(clean) };
}
