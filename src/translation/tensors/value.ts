import { isUtf8 } from "node:buffer";
import type { JsonObject } from "../../exchange/json.ts";
import type { BytesForm } from "../../exchange/model-interface.ts";
import {
  type DataTensor,
  type Datatype,
  encodeJson,
  isText,
  type Nonfinite,
  type TensorData,
  tensorFault,
} from "../../formats/tensors/index.ts";

/** A tensor on its way from one dialect to another. */
export type TensorValue = {
  /** Undefined where the dialect leaves it out, because the model has only one. */
  readonly name: string | undefined;
  readonly shape: readonly number[];
  /** Where it stands in the body that is translated. */
  readonly pointer: string;
  /** Its own parameters, where it has any. */
  readonly parameters?: JsonObject;
  /** Undefined where neither the dialect nor a declaration says it. */
  readonly datatype: Datatype | undefined;
  /** How the target is declared to have elements of BYTES in JSON. */
  readonly bytes?: BytesForm;
  /**
   * The values as JSON in row-major order, bytes in `{"b64"}`.
   *
   * @throws RegentError body_invalid for NaN and infinities where they are refused
   */
  texts(nonfinite: Nonfinite): readonly string[];
  /** @throws RegentError body_invalid, naming the tensor, when the values are none of the datatype */
  data(name: string, datatype: Datatype): TensorData;
  /** The datatype that the values look like. @throws RegentError body_invalid, naming the tensor, when they look like none */
  guess(name: string): Datatype;
};

/** A tensor of a dialect that says its datatype. */
export function typedValue(tensor: DataTensor, pointer: string): TensorValue {
  const { name, shape, datatype, data, parameters } = tensor;
  return {
    name,
    shape,
    pointer,
    ...(parameters && { parameters }),
    datatype,
    texts: (nonfinite) =>
      datatype === "BYTES" ? textsOfBytes(name, data as readonly Buffer[]) : encodeJson(tensor, nonfinite),
    data: () => data,
    guess: () => datatype,
  };
}

/**
 * TensorFlow has no datatype for bytes that are no text: a name that ends in `_bytes` says that the values of a string tensor are
 * such, and they are written in base64. So is whatever cannot be a JSON string.
 */
const BYTES_SUFFIX = "_bytes";

/** The JSON of each element of BYTES. @throws RegentError body_invalid, naming the tensor, for bytes where a text is wanted */
export function textsOfBytes(name: string, data: readonly Buffer[], form?: BytesForm): string[] {
  if (form === "text") assertTexts(name, data);
  const isBinary = form === "base64" || (form === undefined && name.endsWith(BYTES_SUFFIX));
  return data.map((bytes) =>
    isBinary || !isUtf8(bytes)
      ? `{"b64":${JSON.stringify(bytes.toString("base64"))}}`
      : JSON.stringify(bytes.toString("utf8")),
  );
}

/** @throws RegentError body_invalid, naming the tensor */
export function assertTexts(name: string, data: readonly Buffer[]): void {
  if (!isText(data)) throw tensorFault(name, "bytes that are no text, and the model takes texts");
}
