import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import {
  assertCount,
  assertRawSize,
  type DataTensor,
  type Datatype,
  decodeRaw,
  isDatatype,
  tensorFault,
} from "../tensors/index.ts";
import { CONTENTS_FIELD, countValues, decodeContents, isNarrow } from "./contents.ts";
import {
  expect,
  FIXED64,
  type Field,
  type FieldBudget,
  fault,
  LENGTH_DELIMITED,
  readFields,
  textOf,
  VARINT,
  VarintReader,
} from "./wire.ts";

/** A text and the fields that lead to it from the outermost message. */
export type WireText = { readonly text: string; readonly path: readonly Field[] };

/** A map of parameters as JSON, and where its keys and texts stand. */
export type Parameters = {
  readonly values: JsonObject;
  readonly keys: ReadonlyMap<string, readonly Field[]>;
  readonly texts: ReadonlyMap<string, readonly Field[]>;
};

export type WireTensor = {
  readonly index: number;
  readonly name: WireText;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly parameters: Parameters;
  readonly values: WireValues;
  /** Fields that are not of the protocol. */
  readonly unknown: readonly Field[];
};

export type WireValues =
  /** In `contents`: the fields that hold them, and those that lead there. */
  | { readonly in: "contents"; readonly fields: readonly Field[]; readonly path: readonly Field[] }
  /** In one of the raw contents. */
  | { readonly in: "raw"; readonly field: Field }
  | { readonly in: "shared memory" };

/** An output that is asked for. */
export type WantedOutput = { readonly name: WireText; readonly parameters: Parameters };

/** A `ModelInferRequest`, or a `ModelInferResponse`, whose members are almost the same. */
export type InferMessage = {
  readonly bytes: Buffer;
  readonly model: WireText | undefined;
  readonly version: WireText | undefined;
  readonly id: WireText | undefined;
  readonly parameters: Parameters;
  /** Inputs of a request, outputs of a response. */
  readonly tensors: readonly WireTensor[];
  readonly wanted: readonly WantedOutput[];
  readonly unknown: readonly Field[];
};

/** Which of the two a message is. */
export type InferKind = "request" | "response";

/** Field numbers of the members in which the two differ. */
const WANTED: Readonly<Record<InferKind, number | undefined>> = { request: 6, response: undefined };
const RAW: Readonly<Record<InferKind, number>> = { request: 7, response: 6 };

/** @throws RegentError body_invalid, naming the tensor */
export function parseInfer(kind: InferKind, bytes: Buffer, budget: FieldBudget): InferMessage {
  const scan = new Scan(bytes, [], readFields(bytes, 0, bytes.length, budget), budget);
  const [model, version, id] = [scan.text(1), scan.text(2), scan.text(3)];
  const parameters = scan.parameters(4);
  const wanted = WANTED[kind];
  const raw = scan.all(RAW[kind]);
  for (const field of raw) expect(field, LENGTH_DELIMITED);
  return {
    bytes,
    model,
    version,
    id,
    parameters,
    tensors: readTensors(scan, raw),
    wanted: wanted === undefined ? [] : scan.all(wanted).map((field) => readWanted(scan.inside(field))),
    unknown: scan.unknown(),
  };
}

/** A tensor with all its values. Undefined for one in shared memory. @throws RegentError body_invalid */
export function dataTensor(
  bytes: Buffer,
  { name, datatype, shape, values, parameters }: WireTensor,
): DataTensor | undefined {
  const known = { name: name.text, datatype, shape, parameters: parameters.values };
  switch (values.in) {
    case "contents":
      return { ...known, data: decodeContents(name.text, datatype, bytes, values.fields) };
    case "raw":
      return {
        ...known,
        data: decodeRaw(name.text, datatype, shape, bytes.subarray(values.field.start, values.field.end)),
      };
    case "shared memory":
      return undefined;
  }
}

/** Raw contents belong to the tensors in order, but for those in shared memory. */
function readTensors(scan: Scan, raw: readonly Field[]): WireTensor[] {
  const names = new Set<string>();
  let used = 0;
  const tensors = scan.all(5).map((field, index) => {
    const next = raw.length === 0 ? undefined : (raw[used] ?? "none");
    const tensor = readTensor(scan.inside(field), index, next);
    if (tensor.values.in === "raw") used++;
    if (names.has(tensor.name.text)) throw tensorFault(tensor.name.text, "given twice");
    names.add(tensor.name.text);
    return tensor;
  });
  if (used < raw.length) throw fault(`${raw.length} raw contents for ${used} tensors`);
  return tensors;
}

/** @param raw the raw contents for this tensor: undefined where the message has none at all, `none` when they have run out */
function readTensor(scan: Scan, index: number, raw: Field | "none" | undefined): WireTensor {
  const name = scan.text(1);
  if (name === undefined || name.text === "") throw new RegentError("body_invalid", "tensor without a name");
  const datatype = scan.text(2)?.text ?? "";
  if (!isDatatype(datatype)) throw tensorFault(name.text, `${datatype} is not a datatype of the protocol`);
  const shape = scan.all(3).flatMap((field) => sizesIn(name.text, scan.bytes, field));
  const parameters = scan.parameters(4);
  const contents = scan.all(5);
  if (contents.length > 1) throw tensorFault(name.text, "contents given twice");
  const isShared = Object.hasOwn(parameters.values, "shared_memory_region");
  const values = isShared
    ? sharedMemory(name.text, contents)
    : placeOfValues(scan, name.text, datatype, contents[0], raw);
  if (values.in === "contents") checkContents(scan.bytes, name.text, datatype, shape, values.fields);
  if (values.in === "raw")
    assertRawSize(name.text, datatype, shape, scan.bytes.subarray(values.field.start, values.field.end));
  return { index, name, datatype, shape, parameters, values, unknown: scan.unknown() };
}

function sharedMemory(name: string, contents: readonly Field[]): WireValues {
  if (contents.length > 0) throw tensorFault(name, "both in shared memory and in the body");
  return { in: "shared memory" };
}

function placeOfValues(
  scan: Scan,
  name: string,
  datatype: Datatype,
  contents: Field | undefined,
  raw: Field | "none" | undefined,
): WireValues {
  const inside = contents === undefined ? undefined : scan.inside(contents);
  if (raw !== undefined) {
    if (inside !== undefined && inside.fields.length > 0)
      throw tensorFault(name, "both contents and raw contents");
    if (raw === "none") throw tensorFault(name, "no raw contents");
    return { in: "raw", field: raw };
  }
  const number = CONTENTS_FIELD[datatype];
  const fields = number === undefined || inside === undefined ? [] : inside.all(number);
  if (inside !== undefined && fields.length < inside.fields.length)
    throw tensorFault(name, `contents that are not of ${datatype}`);
  return { in: "contents", fields, path: inside?.path ?? [] };
}

function checkContents(
  bytes: Buffer,
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  fields: readonly Field[],
): void {
  if (datatype === "BYTES") for (const field of fields) expect(field, LENGTH_DELIMITED);
  assertCount(name, shape, countValues(datatype, bytes, fields));
  // Integers of 8 and 16 bits come in fields of 32.
  if (isNarrow(datatype)) decodeContents(name, datatype, bytes, fields);
}

function readWanted(scan: Scan): WantedOutput {
  const name = scan.text(1);
  if (name === undefined || name.text === "") throw new RegentError("body_invalid", "output without a name");
  return { name, parameters: scan.parameters(2) };
}

function sizesIn(name: string, bytes: Buffer, field: Field): number[] {
  if (field.wireType !== VARINT) expect(field, LENGTH_DELIMITED);
  const reader = new VarintReader(bytes, field.start, field.end);
  const sizes: number[] = [];
  while (reader.hasMore) {
    reader.next();
    const size = Number(BigInt.asIntN(64, reader.bigint));
    if (!Number.isSafeInteger(size)) throw tensorFault(name, "a size that is too large");
    sizes.push(size);
  }
  return sizes;
}

/** The fields of one message, asked for by number. What was not asked for is not known. */
class Scan {
  readonly bytes: Buffer;
  readonly path: readonly Field[];
  readonly fields: readonly Field[];
  readonly #budget: FieldBudget;
  readonly #asked = new Set<number>();

  constructor(bytes: Buffer, path: readonly Field[], fields: readonly Field[], budget: FieldBudget) {
    this.bytes = bytes;
    this.path = path;
    this.fields = fields;
    this.#budget = budget;
  }

  all(number: number): Field[] {
    this.#asked.add(number);
    return this.fields.filter((field) => field.number === number);
  }

  /** A member that may stand once: readers agree that the last one counts, but no writer sends two. */
  one(number: number): Field | undefined {
    const [field, ...more] = this.all(number);
    if (more.length > 0) throw fault(`field ${number} more than once`);
    return field;
  }

  text(number: number): WireText | undefined {
    const field = this.one(number);
    return field && { text: textOf(this.bytes, field), path: [...this.path, field] };
  }

  inside(field: Field): Scan {
    expect(field, LENGTH_DELIMITED);
    const fields = readFields(this.bytes, field.start, field.end, this.#budget);
    return new Scan(this.bytes, [...this.path, field], fields, this.#budget);
  }

  unknown(): Field[] {
    return this.fields.filter(({ number }) => !this.#asked.has(number));
  }

  parameters(number: number): Parameters {
    const values: { [key: string]: JsonValue } = Object.create(null) as { [key: string]: JsonValue };
    const keys = new Map<string, readonly Field[]>();
    const texts = new Map<string, readonly Field[]>();
    for (const field of this.all(number)) {
      const entry = this.inside(field);
      const key = entry.text(1) ?? { text: "", path: [] };
      const value = entry.one(2);
      const choice = value === undefined ? undefined : entry.inside(value);
      if (entry.unknown().length > 0) throw fault("a parameter with unknown members");
      if (keys.has(key.text)) throw fault(`the parameter ${JSON.stringify(key.text)} twice`);
      keys.set(key.text, key.path);
      const [chosen, ...more] = choice?.fields ?? [];
      if (more.length > 0) throw fault("a parameter with several values");
      values[key.text] = chosen === undefined ? null : parameterValue(this.bytes, chosen);
      if (chosen?.number === STRING_PARAM) texts.set(key.text, [...(choice as Scan).path, chosen]);
    }
    return { values, keys, texts };
  }
}

/** Field numbers of `InferParameter`. */
const BOOL_PARAM = 1;
const INT64_PARAM = 2;
const STRING_PARAM = 3;
const DOUBLE_PARAM = 4;
const UINT64_PARAM = 5;

function parameterValue(bytes: Buffer, field: Field): JsonValue {
  if (field.number === STRING_PARAM) return textOf(bytes, field);
  if (field.number === DOUBLE_PARAM) {
    expect(field, FIXED64);
    const value = bytes.readDoubleLE(field.start);
    return Number.isFinite(value) ? value : String(value);
  }
  expect(field, VARINT);
  const reader = new VarintReader(bytes, field.start, field.end);
  reader.next();
  if (field.number === BOOL_PARAM) return reader.bigint !== 0n;
  if (field.number === INT64_PARAM) return exact(BigInt.asIntN(64, reader.bigint));
  if (field.number === UINT64_PARAM) return exact(reader.bigint);
  throw fault("a parameter of an unknown type");
}

/** Policy sees every digit. */
function exact(value: bigint): JsonValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
