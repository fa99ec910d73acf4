/** The part of WebAssembly's JavaScript API that Regent uses; TypeScript ships these types only with the DOM. */
declare namespace WebAssembly {
  type ModuleImports = Record<string, Memory | ((...args: number[]) => unknown)>;
  type ImportDescriptor = { readonly module: string; readonly name: string; readonly kind: string };
  type ExportDescriptor = { readonly name: string; readonly kind: string };

  class Module {
    private constructor();
    static imports(module: Module): ImportDescriptor[];
    static exports(module: Module): ExportDescriptor[];
  }

  class Instance {
    constructor(module: Module, imports: Record<string, ModuleImports>);
    readonly exports: object;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }

  class Global {
    private constructor();
    value: number;
  }

  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
