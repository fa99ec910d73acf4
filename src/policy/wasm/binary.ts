/** A WebAssembly binary that cannot be read. */
export class WasmFormatError extends Error {
  override readonly name = "WasmFormatError";
}

export type Section = { readonly id: number; readonly bytes: Uint8Array };

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Reads the integers of the WebAssembly binary format (LEB128), bounds checked. */
export class WasmReader {
  readonly bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  byte(): number {
    const value = this.bytes[this.position];
    if (value === undefined) throw new WasmFormatError("the module ends in the middle of a value");
    this.position += 1;
    return value;
  }

  /** An unsigned integer of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw new WasmFormatError("an integer is longer than 32 bits");
  }

  /** A signed integer of 32 bits. */
  i32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) !== 0) continue;
      return shift < 28 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value;
    }
    throw new WasmFormatError("an integer is longer than 32 bits");
  }

  /** Passes over an integer of any width up to 64 bits, signed or not. */
  skipInteger(): void {
    for (let length = 0; length < 10; length++) if ((this.byte() & 0x80) === 0) return;
    throw new WasmFormatError("an integer is longer than 64 bits");
  }

  take(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.bytes.length) throw new WasmFormatError("the module ends in the middle of a section");
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  name(): string {
    return Buffer.from(this.take(this.u32())).toString("utf8");
  }
}

/** Splits a module into its sections, in order. */
export function readSections(module: Uint8Array): Section[] {
  if (!MAGIC_AND_VERSION.every((byte, index) => module[index] === byte))
    throw new WasmFormatError("this is not a WebAssembly module of version 1");
  const reader = new WasmReader(module);
  reader.position = MAGIC_AND_VERSION.length;
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    sections.push({ id, bytes: reader.take(reader.u32()) });
  }
  return sections;
}

/** Writes a module of these sections. */
export function writeModule(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const parts = sections.flatMap(({ id, bytes }) => [Buffer.from([id, ...encodeU32(bytes.length)]), bytes]);
  return new Uint8Array(Buffer.concat([Buffer.from(MAGIC_AND_VERSION), ...parts]));
}

/** An unsigned integer as LEB128. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** An import as the binary declares it; `minPages` only for a memory. */
export type ImportEntry = {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  readonly minPages?: number;
};

export const SECTION = {
  type: 1,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  element: 9,
  code: 10,
  data: 11,
} as const;
export const IMPORT_KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;

/** Reads the import section. WebAssembly's JavaScript API does not tell the limits of an imported memory. */
export function readImports(sections: readonly Section[]): ImportEntry[] {
  return readList(sections, SECTION.import, readImport);
}

function readImport(reader: WasmReader): ImportEntry {
  const module = reader.name();
  const name = reader.name();
  const kind = reader.byte();
  switch (kind) {
    case IMPORT_KIND.function:
      reader.u32();
      return { module, name, kind };
    case IMPORT_KIND.table:
      reader.byte();
      readLimits(reader);
      return { module, name, kind };
    case IMPORT_KIND.memory:
      return { module, name, kind, minPages: readLimits(reader) };
    case IMPORT_KIND.global:
      reader.byte();
      reader.byte();
      return { module, name, kind };
    default:
      throw new WasmFormatError(`the import ${module}.${name} is of an unknown kind`);
  }
}

function readLimits(reader: WasmReader): number {
  const flags = reader.byte();
  if (flags > 1) throw new WasmFormatError("a shared or 64-bit memory is not supported");
  const min = reader.u32();
  if (flags === 1) reader.u32();
  return min;
}

const FUNCTION_TYPE = 0x60;

/** The number of parameters of each function that the module defines, in the order of its code. */
export function readParameterCounts(sections: readonly Section[]): number[] {
  const types = readList(sections, SECTION.type, (reader) => {
    if (reader.byte() !== FUNCTION_TYPE) throw new WasmFormatError("a type is of an unknown kind");
    const parameters = reader.take(reader.u32()).length;
    reader.take(reader.u32());
    return parameters;
  });
  return readList(sections, SECTION.function, (reader) => {
    const count = types[reader.u32()];
    if (count === undefined) throw new WasmFormatError("a function has a type that there is not");
    return count;
  });
}

/** Indices of all functions that stand in a table, and so can be called indirectly. */
export function readElements(sections: readonly Section[]): number[] {
  return readList(sections, SECTION.element, (reader) => {
    if (reader.u32() !== 0) throw new WasmFormatError("an element segment is of an unknown kind");
    readOffset(reader);
    const functions: number[] = [];
    for (let left = reader.u32(); left > 0; left--) functions.push(reader.u32());
    return functions;
  }).flat();
}

/** The elements of a section that is one list; none when the module has no such section. */
function readList<T>(sections: readonly Section[], id: number, read: (reader: WasmReader) => T): T[] {
  const section = sections.find((candidate) => candidate.id === id);
  if (section === undefined) return [];
  const reader = new WasmReader(section.bytes);
  const elements: T[] = [];
  for (let left = reader.u32(); left > 0; left--) elements.push(read(reader));
  return elements;
}

const I32_CONST = 0x41;
const END = 0x0b;

/**
 * Where the last of a module's data ends, in bytes of its memory. The minimum that OPA states for the memory leaves out
 * the data that its compiler adds last, so that a module may not fit into the memory it asks for.
 */
export function readDataEnd(sections: readonly Section[]): number {
  const ends = readList(sections, SECTION.data, (reader) => {
    const flags = reader.u32();
    if (flags > 2) throw new WasmFormatError("a data segment is of an unknown kind");
    if (flags === 2) reader.u32();
    const offset = flags === 1 ? 0 : readOffset(reader);
    return offset + reader.take(reader.u32()).length;
  });
  return Math.max(0, ...ends);
}

function readOffset(reader: WasmReader): number {
  if (reader.byte() !== I32_CONST) throw new WasmFormatError("a data segment has no constant offset");
  const offset = reader.i32() >>> 0;
  if (reader.byte() !== END) throw new WasmFormatError("a data segment has no constant offset");
  return offset;
}
