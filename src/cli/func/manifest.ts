import { type Kind, WASM_MODULE } from '../../func/deploy/kinds.ts';
import { knativeService, type Manifested, type Wanted, wasmModule } from '../../func/deploy/wasm-module.ts';
import { FuncError } from '../../func/func-error.ts';
import { projectModule, type WasmModule } from '../../operator/decide/wasm-module/parse.ts';
import { wasiConfig } from '../../operator/decide/wasm-module/wasi-config.ts';

/** What is applied, checked by the controller's own rules: what it would refuse with InvalidSpec is refused here. */
export function manifestOf(kind: Kind, wanted: Wanted, runtimeClass: string): Manifested {
  const module = wasmModule(wanted);
  const { spec } = projectModule(module.manifest as WasmModule);
  if (spec.kind === 'invalid') throw new FuncError('input', `func.yaml: ${spec.problems.join('; ')}`);
  return kind === WASM_MODULE ? module : knativeService(wanted, runtimeClass, wasiConfig(spec.spec));
}
