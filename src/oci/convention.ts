import { Terminal } from '../errors.ts';
import type { Descriptor, Index, Manifest } from './manifest.ts';
import { MEDIA } from './media-types.ts';

/** The ways in which tools have put a module into a registry. */
export type Convention = 'cncf' | 'image' | 'solo' | 'wasm-to-oci' | 'runwasi';

/** Which blob holds the module, and whether it lies in an archive there. */
export interface Found {
  readonly convention: Convention;
  readonly layer: Descriptor;
  readonly packing: 'raw' | 'archive';
}

const RAW: Readonly<Record<string, Convention>> = {
  [MEDIA.soloLayer]: 'solo',
  [MEDIA.wasmToOciLayer]: 'wasm-to-oci',
  [MEDIA.runwasiComponent]: 'runwasi',
  [MEDIA.wasm]: 'runwasi',
};
const ARCHIVES: readonly string[] = [MEDIA.dockerLayer, MEDIA.ociLayerGzip, MEDIA.ociLayerTar];

/** By the layers' types: configs are a matter of taste among writers, as kpt, which never reads one, shows. */
export function findModule(manifest: Manifest, where: string): Found {
  const config = manifest.config.mediaType;
  if (config === MEDIA.spinConfig) throw new Terminal(`${where}: a Spin application, not a function`);
  const raw = manifest.layers.filter(({ mediaType }) => mediaType in RAW);
  const [layer, ...others] = raw;
  if (layer !== undefined && others.length > 0) {
    throw new Terminal(`${where}: ${raw.length} layers hold Wasm; a function has one`);
  }
  if (config === MEDIA.cncfConfig) {
    if (layer?.mediaType !== MEDIA.wasm || manifest.layers.length !== 1) {
      throw new Terminal(`${where}: a CNCF Wasm artifact has exactly one layer, ${MEDIA.wasm}`);
    }
    return { convention: 'cncf', layer, packing: 'raw' };
  }
  if (layer !== undefined) return { convention: RAW[layer.mediaType] ?? 'runwasi', layer, packing: 'raw' };
  const last = manifest.layers.at(-1);
  if (last !== undefined && ARCHIVES.includes(last.mediaType)) {
    return { convention: 'image', layer: last, packing: 'archive' };
  }
  const types = manifest.layers.map(({ mediaType }) => mediaType).join(', ');
  throw new Terminal(`${where}: no layer holds Wasm (${types === '' ? 'there are none' : types})`);
}

/** Where both are there: kpt's entry, or one that needs WASI. */
export type Preference = 'js' | 'wasi';

/** js/wasm, then wasm of any WASI, then the only entry; attestations are no entry. */
export function chooseEntry({ manifests }: Index, where: string, prefer: Preference = 'js'): Descriptor {
  const entries = manifests.filter(({ platform }) => platform?.architecture !== 'unknown');
  const js = entries.find(({ platform }) => platform?.os === 'js' && isWasmPlatform(platform.architecture));
  const wasi = entries.find(({ platform }) => platform?.os.startsWith('wasi') && isWasmPlatform(platform.architecture));
  const chosen = prefer === 'js' ? (js ?? wasi) : (wasi ?? js);
  if (chosen !== undefined) return chosen;
  const [only, ...more] = entries;
  if (only !== undefined && more.length === 0) return only;
  const platforms = entries.map(({ platform }) => (platform ? `${platform.os}/${platform.architecture}` : 'none'));
  throw new Terminal(
    `${where}: no entry for Wasm in the index (${platforms.length === 0 ? 'it is empty' : `platforms: ${platforms.join(', ')}`})`,
  );
}

function isWasmPlatform(architecture: string): boolean {
  return architecture === 'wasm' || architecture === 'wasm32';
}
