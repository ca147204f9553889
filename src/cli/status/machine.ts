import type { StatusView } from './view.ts';
import { verdictOf } from './view.ts';

/** For -o json and yaml: fields are only ever added. */
export function statusObject(view: StatusView): object {
  const { operator, ...rest } = view;
  return {
    kind: 'kwasm.sh/status',
    version: 1,
    verdict: verdictOf(view),
    operator: operator.kind === 'present' ? { kind: 'present', ...operatorPart(operator.operator) } : operator,
    ...rest,
  };
}

/** Without the installer's environment, which may hold a proxy's password. */
function operatorPart({ installer, ...operator }: { readonly installer: { readonly image: string } }): object {
  return { ...operator, ownImage: installer.image };
}
