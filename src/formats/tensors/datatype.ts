/**
 * The datatypes of tensors, by the names of the Open Inference Protocol
 * (https://github.com/kserve/open-inference-protocol, "Tensor Data Types"). BF16 is Triton's addition to them.
 */
export type Datatype =
  | "BOOL"
  | "UINT8"
  | "UINT16"
  | "UINT32"
  | "UINT64"
  | "INT8"
  | "INT16"
  | "INT32"
  | "INT64"
  | "FP16"
  | "BF16"
  | "FP32"
  | "FP64"
  | "BYTES";

/** What a value of a datatype can be. */
export type DatatypeFacts = {
  readonly kind: "bool" | "int" | "float" | "bytes";
  /** Bytes of an element in the raw form; undefined for BYTES, whose elements say their own lengths. */
  readonly elementBytes: number | undefined;
  /** The least and the greatest value, both included; of integers only. */
  readonly range?: readonly [min: bigint, max: bigint];
};

/** Every datatype. Indexed by own keys only: {@link isDatatype}. */
export const DATATYPES: Readonly<Record<Datatype, DatatypeFacts>> = {
  BOOL: { kind: "bool", elementBytes: 1 },
  UINT8: unsigned(1),
  UINT16: unsigned(2),
  UINT32: unsigned(4),
  UINT64: unsigned(8),
  INT8: signed(1),
  INT16: signed(2),
  INT32: signed(4),
  INT64: signed(8),
  FP16: { kind: "float", elementBytes: 2 },
  BF16: { kind: "float", elementBytes: 2 },
  FP32: { kind: "float", elementBytes: 4 },
  FP64: { kind: "float", elementBytes: 8 },
  BYTES: { kind: "bytes", elementBytes: undefined },
};

/** Whether a text names a datatype. Case matters, as it does to the servers. */
export function isDatatype(name: unknown): name is Datatype {
  return typeof name === "string" && Object.hasOwn(DATATYPES, name);
}

function unsigned(elementBytes: number): DatatypeFacts {
  return { kind: "int", elementBytes, range: [0n, (1n << BigInt(8 * elementBytes)) - 1n] };
}

function signed(elementBytes: number): DatatypeFacts {
  const half = 1n << BigInt(8 * elementBytes - 1);
  return { kind: "int", elementBytes, range: [-half, half - 1n] };
}
