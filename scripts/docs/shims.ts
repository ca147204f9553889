import { SHIM_REASONS } from '../../src/operator/decide/shims/reason.ts';
import { fillTables } from './tables.ts';

/** docs/shims.md with the reasons that the code knows. */
export function withShimReasons(page: string): string {
  return fillTables(page, { 'shim-reasons': rows });
}

function rows(): readonly string[] {
  const all = Object.entries(SHIM_REASONS).map(
    ([reason, { meaning, todo }]) => `| \`${reason}\` | ${meaning} | ${todo} |`,
  );
  return ['| reason | what it means | what to do |', '|---|---|---|', ...all];
}
