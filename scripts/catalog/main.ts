import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EnvHttpProxyAgent } from 'undici';
import { messageOf } from '../../src/errors.ts';
import { pinsSchema, printPins } from '../../src/shims/pins.ts';
import { UPSTREAMS } from '../../src/shims/upstream.ts';
import { root } from '../testing/mocha.ts';
import { newestVersion, publishedDigests } from './published.ts';
import { updated } from './update.ts';

const USAGE = `usage: npm run catalog -- update [NAME ...] [--version V] [--dry-run]

Fetches the sums that a shim's release publishes, writes them as pins and shows what changed.
NAME: ${Object.keys(UPSTREAMS).join(', ')}; without one, all that are pinned.
  --version V  instead of the newest release; with one NAME only
  --dry-run    shows, and writes nothing
  --base URL   instead of https://github.com
  --api URL    instead of https://api.github.com
  --pins FILE  instead of src/shims/pins.json`;

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      version: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      base: { type: 'string', default: 'https://github.com' },
      api: { type: 'string', default: 'https://api.github.com' },
      pins: { type: 'string', default: `${root}/src/shims/pins.json` },
      help: { type: 'boolean', default: false },
    },
  });
  const [command, ...given] = positionals;
  if (values.help || command !== 'update') {
    (values.help ? console.log : console.error)(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  let pins = pinsSchema.parse(JSON.parse(readFileSync(values.pins, 'utf8')));
  const names = given.length > 0 ? given : Object.keys(pins);
  if (values.version !== undefined && names.length !== 1) throw new Error('--version is of one shim: name it');
  const pages = { base: values.base, api: values.api, dispatcher: new EnvHttpProxyAgent() };
  for (const name of names) {
    const upstream = Object.hasOwn(UPSTREAMS, name) ? UPSTREAMS[name] : undefined;
    if (upstream === undefined)
      throw new Error(`the catalogue knows no "${name}"; it knows ${Object.keys(UPSTREAMS).join(', ')}`);
    const version = values.version ?? (await newestVersion(upstream, pages));
    const update = updated(pins, name, upstream, version, await publishedDigests(upstream, version, pages));
    pins = update.pins;
    for (const line of update.difference) console.log(line);
    if (update.difference.length === 0) console.log(`${name}: ${version} is the newest, nothing changed`);
  }
  if (values['dry-run']) return;
  writeFileSync(values.pins, printPins(pins));
  console.log(`wrote ${values.pins}; npm run manifests brings docs/catalogue.md up to date`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`catalog: ${messageOf(error)}`);
  process.exitCode = 1;
});
