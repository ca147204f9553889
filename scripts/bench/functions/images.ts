import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildFunction } from '../../../src/func/build.ts';
import { createFunction } from '../../../src/func/create.ts';
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
  readonly name: 'node' | 'ts' | 'go' | 'small';
  readonly title: string;
  readonly image: string;
  readonly runtimeClass: string | undefined;
}

const HANDLER = join(import.meta.dirname, 'handler');
const SMALL = join(import.meta.dirname, '../../../e2e/fixtures/small');

/** Builds the same handler in its ways, or in the named ones, and pushes them to `registry`, HOST:PORT/PATH. */
export async function candidates(registry: string, names: readonly string[]): Promise<readonly Candidate[]> {
  const access = accessFrom({}, registrySettings([registry.split('/')[0] ?? ''], []));
  const platforms = ['linux/amd64', 'linux/arm64'];
  const pushed = async (name: string, bytes: Buffer) => {
    const target = `${registry}/bench-${name}:1`;
    const { reference, compiledOnce } = await pushForBoth(bytes, name, target, access, {
      platforms,
      earlier: 'replace',
    });
    return formatReference(withDigest(parseReference(reference), compiledOnce));
  };
  const found: Candidate[] = [];
  for (const { name, title, make } of WAYS) {
    if (names.length > 0 && !names.includes(name)) continue;
    const image = make === undefined ? await nodeImage(registry) : await pushed(name, await make());
    found.push({ name, title, image, runtimeClass: make === undefined ? undefined : 'wasmtime' });
  }
  return found;
}

interface Way extends Pick<Candidate, 'name' | 'title'> {
  /** undefined: an image that needs no shim. */
  readonly make: (() => Promise<Buffer>) | undefined;
}

const WAYS: readonly Way[] = [
  { name: 'node', title: 'Node.js container', make: undefined },
  { name: 'ts', title: 'TypeScript component', make: () => componentOf(HANDLER, cacheDir()) },
  { name: 'go', title: 'Go component', make: () => goComponent() },
  { name: 'small', title: 'small component', make: () => textComponent(SMALL) },
];

/** The template as it is: its handler is the same, by net/http. */
async function goComponent(): Promise<Buffer> {
  const tmp = join(cacheDir(), 'tmp');
  mkdirSync(tmp, { recursive: true });
  const folder = mkdtempSync(join(tmp, 'bench-go-'));
  try {
    await createFunction(join(folder, 'hello'), 'go-wasi');
    return (await buildFunction(join(folder, 'hello'))).bytes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
