import { messageOf } from '../../errors.ts';
import { ARCHES, type Arch, SHA256 } from '../../shims/order.ts';
import { resolveShim } from '../../shims/resolve.ts';
import { assetUrl, UPSTREAMS } from '../../shims/upstream.ts';
import { CliError, EXIT } from '../exit.ts';
import type { PinFlags } from '../shim.ts';
import { download } from './download.ts';

export async function pinShim(name: string, version: string, flags: PinFlags): Promise<void> {
  const urls = urlsOf(name, version, byArch(flags.url, '--url'));
  const wanted = byArch(flags.sha256, '--sha256');
  for (const digest of Object.values(wanted)) {
    if (!SHA256.test(digest))
      throw new CliError(`--sha256: ${digest} is no SHA-256 of 64 digits`, { exitCode: EXIT.usage });
  }
  const sources: object[] = [];
  for (const arch of ARCHES) {
    const url = urls[arch];
    if (url === undefined) continue;
    const { sha256, bytes } = await download(url, undefined, wanted[arch], flags.timeout * 1000);
    const how = wanted[arch] === undefined ? 'as it came; compare it with what the release publishes' : 'as you said';
    process.stderr.write(`kwasm: ${arch}: ${sha256} (${(bytes / 1e6).toFixed(1)} MB, ${how})\n`);
    sources.push({ arch, https: { url, sha256 } });
  }
  const { dump } = await import('js-yaml');
  const spec = specOf(name, version, sources);
  process.stdout.write(
    dump({ apiVersion: 'kwasm.sh/v1alpha1', kind: 'Shim', metadata: { name }, spec }, { lineWidth: -1 }),
  );
}

/** A project of the catalogue lays its releases out alike; any other has to be told. */
export function urlsOf(
  name: string,
  version: string,
  given: Readonly<Partial<Record<Arch, string>>>,
): Readonly<Partial<Record<Arch, string>>> {
  if (Object.keys(given).length > 0) return given;
  const upstream = Object.hasOwn(UPSTREAMS, name) ? UPSTREAMS[name] : undefined;
  if (upstream === undefined) {
    const known = Object.keys(UPSTREAMS).join(', ');
    throw new CliError(
      `the catalogue does not know where ${name} is released; it knows ${known}. Name it: --url amd64=https://...`,
      {
        exitCode: EXIT.usage,
      },
    );
  }
  return Object.fromEntries(
    ARCHES.flatMap((arch) => {
      const asset = upstream.assets[arch];
      return asset === undefined ? [] : [[arch, assetUrl(upstream, version, asset)]];
    }),
  );
}

export function byArch(given: readonly string[] = [], flag: string): Readonly<Partial<Record<Arch, string>>> {
  return Object.fromEntries(
    given.map((text) => {
      const match = /^(amd64|arm64)=(.+)$/.exec(text);
      if (match === null) throw new CliError(`${flag} ${text}: write amd64=... or arm64=...`, { exitCode: EXIT.usage });
      return [match[1], match[2]];
    }),
  );
}

function specOf(name: string, version: string, sources: readonly object[]): object {
  const upstream = Object.hasOwn(UPSTREAMS, name) ? UPSTREAMS[name] : undefined;
  const own = upstream === undefined ? { handler: name, binary: `containerd-shim-${name}-v1` } : {};
  try {
    return JSON.parse(JSON.stringify(resolveShim({ name, version, ...own, sources }).spec)) as object;
  } catch (cause) {
    throw new CliError(messageOf(cause), { cause });
  }
}
