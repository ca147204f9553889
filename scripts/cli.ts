import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommand } from './cli/bundle.ts';
import { root } from './testing/mocha.ts';

/** `npm run cli`: dist/ as it is published: the command in one file, the chart beside it, and a package.json without dependencies. */
const dist = join(root, 'dist');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const file = join(dist, 'kwasm.mjs');
const bytes = await bundleCommand(root, String(own['version']), file);
chmodSync(file, 0o755);
cpSync(join(root, 'helm/kwasm-operator'), join(dist, 'chart'), { recursive: true });
for (const name of ['LICENSE', 'docs/cli.md'])
  cpSync(join(root, name), join(dist, name === 'LICENSE' ? name : 'README.md'));
const { name, version, description, license, bin } = own as Record<string, unknown> & { bin: Record<string, string> };
const published = {
  name,
  version,
  description,
  license,
  type: 'module',
  // undici, which speaks to the API server, asks for no less.
  engines: { node: '>=22.19.0' },
  bin: Object.fromEntries(Object.keys(bin).map((command) => [command, './kwasm.mjs'])),
};
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
console.log(`dist/kwasm.mjs: ${(bytes / 1_000_000).toFixed(2)} MB; \`npm pack ./dist\` makes the package`);
