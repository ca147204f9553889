import { messageOf } from '../../errors.ts';
import { inspect, type ModuleShape } from '../../wasm/module.ts';
import { FuncError } from '../func-error.ts';

const HANDLER = 'wasi:http/incoming-handler@0.2';

/** The imports of a component that answers HTTP. What does not, is refused here and not by a pod that crashes. */
export function checkedComponent(path: string, bytes: Uint8Array): readonly string[] {
  const { form, imports, exports } = shapeOf(path, bytes);
  if (form === 'core') throw new FuncError('build', `${path}: not a component; build for wasm32-wasip2`);
  if (!exports.some((name) => name.startsWith(HANDLER))) {
    const instead = exports.length === 0 ? 'nothing' : exports.join(', ');
    throw new FuncError('build', `${path}: exports ${instead}, and no ${HANDLER}.x: it would answer no request`);
  }
  return imports.map(({ name }) => name);
}

function shapeOf(path: string, bytes: Uint8Array): ModuleShape {
  try {
    return inspect(path, bytes);
  } catch (cause) {
    throw new FuncError('build', messageOf(cause), { cause });
  }
}
