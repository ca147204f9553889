import { RCM_FINALIZER } from '../../../contract.ts';
import { shimSpecSchema } from '../../../shims/spec.ts';
import { common, fieldsOf, type ShimObject } from './project.ts';
import type { Parsed, ShimView } from './view.ts';

/**
 * A Shim of runtime.spinkube.dev/v1alpha1, the kind of runtime-class-manager, in our words. Its fields are read as that
 * operator reads them, except that a download without a digest is refused, and that options become TOML values instead of
 * text pasted into containerd's configuration.
 */
export function projectSpinkube(object: ShimObject): ShimView {
  const shared = common(object);
  const spec = fieldsOf(object.spec);
  const { name, handler } = fieldsOf(spec['runtimeClass']);
  return {
    ...shared,
    origin: 'spinkube',
    managed: false,
    handler: String(handler ?? ''),
    nodeSelector: stringsOf(spec['nodeSelector']),
    spec: shared.finalizers.includes(RCM_FINALIZER) ? HELD : parsed(spec, String(name ?? ''), String(handler ?? '')),
  };
}

const HELD: Parsed = {
  kind: 'problem',
  reason: 'HeldByOther',
  message:
    `runtime-class-manager has this Shim in hand (finalizer ${RCM_FINALIZER}); two must not write one node's configuration, so nothing is ` +
    'done for it. Stop its operator, take that finalizer off, and it is ours: docs/migrate-from-runtime-class-manager.md',
};

interface Platform {
  readonly arch: string;
  readonly location: string;
  readonly sha256: string;
}

function parsed(spec: Readonly<Record<string, unknown>>, className: string, handler: string): Parsed {
  const platforms = platformsOf(fieldsOf(spec['fetchStrategy']));
  const open = platforms.find(({ sha256 }) => sha256 === '');
  if (open !== undefined) return { kind: 'problem', reason: 'NotPinned', message: unpinned(open) };
  const digests = platforms.map(({ sha256 }) => sha256.slice(0, 12));
  const result = shimSpecSchema.safeParse({
    // That kind has no version; what is downloaded names itself.
    version: digests[0] ?? 'unknown',
    handler,
    binary: `containerd-shim-${handler}`,
    sources: platforms.map(({ arch, location, sha256 }) => ({ arch, https: { url: location, sha256 } })),
    nodeSelector: stringsOf(spec['nodeSelector']),
    runtimeClasses: className === '' ? [] : [{ name: className }],
    options: optionsOf(spec['containerdRuntimeOptions']),
    rollout: rolloutOf(fieldsOf(spec['rolloutStrategy'])),
  });
  if (result.success) return { kind: 'spec', spec: result.data };
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { kind: 'problem', reason: 'Invalid', message: problems.join('; ') };
}

const ARCHES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** `anonHttp`, which they deprecate, names no architecture: it was written for the one of all nodes. */
function platformsOf(strategy: Readonly<Record<string, unknown>>): readonly Platform[] {
  const listed = Array.isArray(strategy['platforms']) ? strategy['platforms'].map(fieldsOf) : [];
  const location = fieldsOf(strategy['anonHttp'])['location'];
  const all = listed.length > 0 || location === undefined ? listed : [{ arch: 'amd64', location }];
  return all
    .filter(({ os }) => os === undefined || os === 'linux')
    .map(({ arch, location: from, sha256 }) => ({
      arch: ARCHES[String(arch)] ?? String(arch),
      location: String(from ?? ''),
      sha256: String(sha256 ?? ''),
    }));
}

function unpinned({ arch, location }: Platform): string {
  return (
    `nothing says what ${location} must hold. Download it where you trust the network, compare it with what its publisher says ` +
    `(curl -fsSL ${location} | sha256sum), and put the digest into spec.fetchStrategy.platforms as {os: linux, arch: ${arch}, location: ..., sha256: ...}`
  );
}

function stringsOf(data: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fieldsOf(data)).map(([key, value]) => [key, String(value)]));
}

/** They are pasted as TOML there, so they are read as the TOML that they were meant to be. */
function optionsOf(data: unknown): Readonly<Record<string, string | number | boolean>> {
  return Object.fromEntries(Object.entries(stringsOf(data)).map(([key, value]) => [key, scalar(value.trim())]));
}

function scalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^[-+]?\d{1,15}(\.\d+)?$/.test(text)) return Number(text);
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}

/** `rolling` says "not implemented yet" there; here it is what the rollout does anyway, with its own limit. */
function rolloutOf({ rolling }: Readonly<Record<string, unknown>>): { readonly maxUnavailable?: number } {
  const { maxUpdate } = fieldsOf(rolling);
  return typeof maxUpdate === 'number' && maxUpdate > 0 ? { maxUnavailable: maxUpdate } : {};
}
