import { Environment } from '@marcbachmann/cel-js';
import { messageOf, Terminal } from '../errors.ts';
import type { YamlNode } from './yaml/node.ts';
import { type PlainValue, plainValue } from './yaml/plain-value.ts';

/** `condition` of a function: CEL over `resources`, the list that the function would get (kpt#4388). */
export class Condition {
  private readonly evaluate: (context: Record<string, unknown>) => unknown;
  private readonly source: string;

  /** Throws where the expression cannot be, so that a pipeline is refused before anything of it runs. */
  constructor(source: string) {
    this.source = source;
    const environment = new Environment().registerVariable('resources', 'list');
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
    try {
      return this.evaluate({ resources: resources.map((node) => celValue(plainValue(node))) });
    } catch (error) {
      throw new Terminal(`condition ${JSON.stringify(this.source)}: ${messageOf(error)}`, { cause: error });
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
