import { imageName, renamed } from '../../func/deploy/image-name.ts';
import type { FunctionFile } from '../../func/function-file.ts';
import { type Access, accessFrom } from '../../oci/access.ts';
import { registrySettings, settingsFromEnvironment } from '../../oci/endpoint.ts';
import type { ImageFlags } from '../image-flags.ts';

/** With what func.yaml is to remember of the flags. */
export function withImage(file: FunctionFile, { image, registry }: ImageFlags): FunctionFile {
  return {
    ...file,
    ...(image === undefined ? renamed(file.image, registry) : { image }),
    ...(registry === undefined ? {} : { registry }),
  };
}

/** Throws if none is named. */
export function imageOf({ image, registry, name }: FunctionFile, flags: ImageFlags): string {
  return imageName({ image, registry: flags.registry ?? (process.env['FUNC_REGISTRY'] || registry), name });
}

export function accessOf({ plainHttp = [] }: ImageFlags): Access {
  const fromEnv = settingsFromEnvironment(process.env);
  const settings = { ...fromEnv, plainHttp: [...registrySettings(plainHttp, []).plainHttp, ...fromEnv.plainHttp] };
  return accessFrom(process.env, settings);
}
