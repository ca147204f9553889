import { CATALOGUE, type Sources } from '../../src/shims/catalogue.ts';
import { ARCHES } from '../../src/shims/order.ts';
import { PINS } from '../../src/shims/pins.ts';
import { UPSTREAMS } from '../../src/shims/upstream.ts';
import { fillTables } from './tables.ts';

/** docs/catalogue.md with its tables as the catalogue is. */
export function withCatalogue(page: string): string {
  return fillTables(page, { catalogue: catalogueRows, pins: pinRows });
}

function catalogueRows(): readonly string[] {
  const rows = Object.entries(CATALOGUE).map(
    ([name, { handler, binary, version, sources, runtimeClasses = [], frozen }]) => {
      const classes = runtimeClasses.map((one) => `\`${one.name}\``).join(', ');
      return `| \`${name}\` | \`${handler}\` | \`${binary}\` | ${version} | ${originOf(name, sources, frozen)} | ${classes} |`;
    },
  );
  return ['| name | handler | binary | version | from | RuntimeClasses |', '|---|---|---|---|---|---|', ...rows];
}

function originOf(name: string, sources: Sources | undefined, frozen = false): string {
  if (sources?.some(({ bundled }) => bundled !== undefined)) return 'our image, no download';
  const repository = UPSTREAMS[name]?.repository ?? '';
  const from = `[${repository}](https://github.com/${repository})`;
  if (sources === undefined) return `${from}${frozen ? ', ended' : ''}; **no digest: pin it yourself**`;
  const arches = sources.map(({ arch }) => arch);
  const missing = ARCHES.filter((arch) => !arches.includes(arch));
  return `${from}, ${arches.join(' and ')}${missing.length === 0 ? '' : `; **${missing.join(', ')} is not pinned**`}`;
}

function pinRows(): readonly string[] {
  const rows = Object.entries(PINS).flatMap(([name, { versions }]) =>
    Object.entries(versions).flatMap(([version, platforms]) =>
      Object.entries(platforms).map(
        ([arch, pin]) => `| \`${name}\` ${version} | ${arch} | \`${pin.sha256}\` | ${pin.seen} |`,
      ),
    ),
  );
  return ['| shim | for | SHA-256 of the download | seen in |', '|---|---|---|---|', ...rows];
}
