import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Access, accessFrom, forWriting } from '../../../src/oci/access.ts';
import { blob, jsonBlob } from '../../../src/oci/artifact.ts';
import { pushForBoth } from '../../../src/oci/both-worlds.ts';
import { registrySettings } from '../../../src/oci/endpoint.ts';
import { MEDIA } from '../../../src/oci/media-types.ts';
import { formatReference, manifestKey, parseReference, withDigest } from '../../../src/oci/reference.ts';
import { cacheDir } from '../../cluster/paths.ts';
import { assemble, debianBase } from '../../images/assemble.ts';
import { Blobs } from '../../images/blobs.ts';
import { imageInputs } from '../../images/build.ts';
import { componentOf, textComponent } from '../../images/component.ts';
import { parseDockerfile } from '../../images/dockerfile.ts';
import { push } from '../../images/push.ts';

/** What is compared, and how a pod of it is run. */
export interface Candidate {
  readonly name: 'node' | 'ts' | 'ts-layer' | 'small';
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
    return formatReference(withDigest(parseReference(pushed.reference), pushed.index));
  };
  return [
    { name: 'node', title: 'Node.js container', image: await nodeImage(registry), runtimeClass: undefined },
    { name: 'ts', title: 'TypeScript component', image: await both('ts', component), runtimeClass: 'wasmtime' },
    {
      name: 'ts-layer',
      title: 'the same as a Wasm layer',
      image: await layerImage(component, `${registry}/bench-layer:1`, access),
      runtimeClass: 'wasmtime',
    },
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

/** The layout that containerd-shim-wasm compiles ahead of time: a layer that is the module, and no root file system. */
async function layerImage(wasm: Buffer, target: string, access: Access): Promise<string> {
  const reference = parseReference(target);
  const repository = forWriting(access, reference);
  const layer = blob(MEDIA.wasm, wasm);
  const config = jsonBlob(MEDIA.ociConfig, {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/module.wasm'] },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const manifest = jsonBlob(MEDIA.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  for (const { bytes } of [layer, config]) await repository.putBlob(bytes);
  await repository.putManifest(manifestKey(reference), MEDIA.ociManifest, manifest.bytes);
  return formatReference(withDigest(reference, manifest.descriptor.digest));
}
