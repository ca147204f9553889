import { basename, join } from 'node:path';
import { moduleDirs } from '../go-modules.ts';
import { knativeServingWasm as tool, toolDir } from '../go-tools.ts';
import type { SmallImage } from '../local/images.ts';
import { ensurePrograms } from '../local/programs.ts';
import type { Context } from '../provider.ts';
import type { Addon } from './addon.ts';
import { goManifests } from './go-manifests.ts';

/** The other controller of WasmModules. Its runner is an image that is published elsewhere: what it makes is seen, and does not start here. */
export const knativeServingWasm: Addon = {
  name: 'knative-serving-wasm',
  namespace: 'knative-wasm',
  deployments: ['controller'],
  images: built,
  objects: async (image, context) => {
    const [dir = ''] = await moduleDirs(tool, ['github.com/cardil/knative-serving-wasm'], context);
    return goManifests(dir, ['config'], image);
  },
};

async function built({ progress, signal }: Context): Promise<readonly SmallImage[]> {
  await ensurePrograms([tool], progress, signal);
  const dir = toolDir(tool);
  const name = `knative-serving-wasm:${basename(dir).split('-').slice(1).join('-')}`;
  return [{ name, program: join(dir, 'controller'), entrypoint: ['/controller'], user: '65532:65532' }];
}
