import { runInNewContext } from 'node:vm';
import { Environment } from '@marcbachmann/cel-js';
import { messageOf, Terminal } from '../errors.ts';
import type { YamlNode } from './yaml/node.ts';
import { type PlainValue, plainValue } from './yaml/plain-value.ts';

/** One over 10,000 resources takes a tenth of a second; a package can hold one that looks at each of them for each of them. */
const EVALUATION_MS_MAX = 10_000;

/** `condition` of a function: CEL over `resources`, the list that the function would get (kpt#4388). */
export class Condition {
  private readonly evaluate: (context: Record<string, unknown>) => unknown;
  private readonly source: string;
  private readonly limitMs: number;

  /** Throws where the expression cannot be, so that a pipeline is refused before anything of it runs. */
  constructor(source: string, limitMs = EVALUATION_MS_MAX) {
    this.source = source;
    this.limitMs = limitMs;
    const environment = new Environment({ enableOptionalTypes: true }).registerVariable('resources', 'list');
    try {
      const parsed = environment.parse(source);
      const checked = parsed.check();
      if (!checked.valid) throw checked.error ?? new Error('does not fit its types');
      this.evaluate = (context) => parsed(context);
    } catch (error) {
      throw new Terminal(`condition ${JSON.stringify(source)}: ${messageOf(error)}`, { cause: error });
    }
  }

  holds(resources: readonly YamlNode[]): boolean {
    const value = this.result(resources);
    if (typeof value === 'boolean') return value;
    throw new Terminal(`condition ${JSON.stringify(this.source)}: gives no boolean`);
  }

  private result(resources: readonly YamlNode[]): unknown {
    const context = { resources: resources.map((node) => celValue(plainValue(node))) };
    try {
      return runInNewContext('evaluate()', { evaluate: () => this.evaluate(context) }, { timeout: this.limitMs });
    } catch (error) {
      const late = (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      const why = late ? `was not evaluated within ${this.limitMs / 1000}s` : messageOf(error);
      throw new Terminal(`condition ${JSON.stringify(this.source)}: ${why}`, { cause: error });
    }
  }
}

/** CEL tells whole numbers from others by their type. */
function celValue(value: PlainValue): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, celValue(inner)]));
}
