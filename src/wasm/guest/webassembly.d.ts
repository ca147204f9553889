/** The part of the JavaScript API that the engines use; TypeScript has it among the browser's types alone, which the project does not take in. */
declare namespace WebAssembly {
  class Module {
    private readonly brand: undefined;
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Exports;
  }
  class Memory {
    private readonly brand: undefined;
    readonly buffer: ArrayBuffer;
  }
  class Table {
    private readonly brand: undefined;
    readonly length: number;
    get(index: number): unknown;
  }
  class Global {
    private readonly brand: undefined;
    readonly value: number | bigint;
  }
  type Exports = Readonly<Record<string, unknown>>;
}
