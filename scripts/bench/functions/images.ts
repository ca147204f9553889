import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { accessFrom } from '../../../src/oci/access.ts';
import { pushForBoth } from '../../../src/oci/both-worlds.ts';
import { registrySettings } from '../../../src/oci/endpoint.ts';
import { formatReference, parseReference, withDigest } from '../../../src/oci/reference.ts';
import { cacheDir } from '../../cluster/paths.ts';
import { assemble, debianBase } from '../../images/assemble.ts';
import { Blobs } from '../../images/blobs.ts';
import { imageInputs } from '../../images/build.ts';
import { componentOf, textComponent } from '../../images/component.ts';
import { parseDockerfile } from '../../images/dockerfile.ts';
import { push } from '../../images/push.ts';

/** What is compared, and how a pod of it is run. */
export interface Candidate {
  readonly name: 'node' | 'ts' | 'small';
  readonly title: string;
  readonly image: string;
  readonly runtimeClass: string | undefined;
}

const HANDLER = join(import.meta.dirname, 'handler');
const SMALL = join(import.meta.dirname, '../../../e2e/fixtures/small');

/** Builds the same handler in its ways, and pushes them to `registry`, HOST:PORT/PATH. */
export async function candidates(registry: string): Promise<readonly Candidate[]> {
  const access = accessFrom({}, registrySettings([registry.split('/')[0] ?? ''], []));
  const component = await componentOf(HANDLER, cacheDir());
  const platforms = ['linux/amd64', 'linux/arm64'];
  const both = async (name: string, bytes: Buffer) => {
    const pushed = await pushForBoth(bytes, name, `${registry}/bench-${name}:1`, access, {
      platforms,
      earlier: 'replace',
    });
    return formatReference(withDigest(parseReference(pushed.reference), pushed.compiledOnce));
  };
  return [
    { name: 'node', title: 'Node.js container', image: await nodeImage(registry), runtimeClass: undefined },
    { name: 'ts', title: 'TypeScript component', image: await both('ts', component), runtimeClass: 'wasmtime' },
    {
      name: 'small',
      title: 'small component',
      image: await both('small', await textComponent(SMALL)),
      runtimeClass: 'wasmtime',
    },
  ];
}

/** On the base layers of the operator's image. */
async function nodeImage(registry: string): Promise<string> {
  const cache = join(cacheDir(), 'images');
  const tmp = join(cacheDir(), 'tmp');
  mkdirSync(tmp, { recursive: true });
  const context = mkdtempSync(join(tmp, 'bench-'));
  try {
    await build({
      entryPoints: [join(HANDLER, 'server.ts')],
      outfile: join(context, 'server.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    const recipe = parseDockerfile(
      'FROM base\nCOPY server.mjs /server.mjs\nUSER 65532:65532\nENTRYPOINT ["/usr/local/bin/node", "/server.mjs"]\n',
      {},
    );
    const { node, native } = imageInputs();
    const blobs = new Blobs(cache);
    const base = debianBase(blobs, { nodeVersion: node.version, node: node.path }, tmp);
    const image = await assemble(blobs, recipe, context, [native], base);
    await push(blobs, image, { reference: `${registry}/bench-node:1`, plainHttp: true, tmp });
    return `${registry}/bench-node@${image.digest}`;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
