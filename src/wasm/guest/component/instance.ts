import { createContext, Script } from 'node:vm';
import type { Interfaces } from './wasi.ts';

/**
 * jco's JavaScript is made from a stranger's component, so it is run where nothing is but the language: a context of its own, without process, require,
 * import() and code from strings. node:vm is no wall by itself; what keeps it is that no function it is given leads to anything else, since the
 * process was started without code generation from strings in any context.
 */
export class Translated {
  private readonly script: Script;
  private readonly modules: ReadonlyMap<string, WebAssembly.Module>;

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    const [text] = [...files].flatMap(([name, bytes]) =>
      name.endsWith('.js') ? [Buffer.from(bytes).toString('utf8')] : [],
    );
    if (text === undefined) throw new Error('a component without its JavaScript');
    this.script = new Script(asScript(text), { filename: 'component.js' });
    this.modules = new Map(
      [...files].flatMap(([name, bytes]) => (name.endsWith('.wasm') ? [[name, new WebAssembly.Module(bytes)]] : [])),
    );
  }

  instantiate(interfaces: Interfaces): ComponentInstance {
    const memories: WebAssembly.Memory[] = [];
    const global = Object.assign(Object.create(null), { TextDecoder, TextEncoder, console: undefined });
    createContext(global, { codeGeneration: { strings: false, wasm: true } });
    const instantiate: unknown = this.script.runInContext(global);
    if (typeof instantiate !== 'function') throw new Error('a component without an entry');
    const core = (name: string) => this.modules.get(name);
    const exports: unknown = instantiate(core, offered(interfaces), (module: WebAssembly.Module, imports: object) => {
      const instance = new WebAssembly.Instance(module, imports as Interfaces);
      for (const value of Object.values(instance.exports))
        if (value instanceof WebAssembly.Memory) memories.push(value);
      return instance;
    });
    if (typeof exports !== 'object' || exports === null) throw new Error('a component without exports');
    return {
      exports: exports as ComponentInstance['exports'],
      memoryBytes: () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    };
  }
}

export interface ComponentInstance {
  readonly exports: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  memoryBytes(): number;
}

/** A module cannot be run in a context without a loader; this one exports a function and imports nothing. */
function asScript(text: string): string {
  if (/^\s*import\s/m.test(text)) throw new Error('the translated component imports JavaScript');
  const cut = text
    .replace(/^export function instantiate\(/m, 'function instantiate(')
    .replace(/^export const _util = \{[\s\S]*$/m, '');
  return `${cut}\n;instantiate`;
}

/** What is not offered is there as something that refuses, since a component names all it might call, and calls little of it. */
function offered(interfaces: Interfaces): object {
  return new Proxy(Object.create(null), {
    get: (_, name) => {
      const known = typeof name === 'string' ? interfaces[name.replace(/@.*$/, '')] : undefined;
      return new Proxy(Object.create(null), {
        get: (__, member) => known?.[String(member)] ?? refusing(String(name), String(member)),
      });
    },
  });
}

/** A function that has a prototype, since what stands for a resource is taken for a class. */
function refusing(from: string, name: string): unknown {
  return function refused(): never {
    throw new Error(`${from} ${name} is not offered to a function`);
  };
}
