import type { JsonObject } from "../../exchange/json.ts";
import type { RequestDescription } from "../format.ts";
import { tensorReading } from "../tensors/index.ts";
import type { InferBody } from "./body.ts";
import { dataTensor, type InferMessage, type WantedOutput } from "./messages.ts";

/** @throws RegentError body_invalid */
export function describeRequest({ requests }: InferBody): RequestDescription {
  const [first, ...more] = requests.map((request) => ({
    ...messageReading(request),
    requested_outputs: request.wanted.map(outputReading),
  }));
  return { toolCalls: [], details: more.length === 0 ? (first ?? {}) : { requests: [first ?? {}, ...more] } };
}

/** A message as `regent read` prints it, with the names that the JSON form of the protocol has. */
export function messageReading(message: InferMessage): JsonObject {
  const raw = message.tensors.filter(({ values }) => values.in === "raw");
  return {
    id: message.id?.text ?? null,
    tensors: message.tensors.map((tensor) => {
      const data = dataTensor(message.bytes, tensor);
      const { name, datatype, shape } = tensor;
      return data === undefined
        ? { name: name.text, datatype, shape, count: null, data: null }
        : tensorReading(data);
    }),
    ...(raw.length === 0 ? {} : { binary_tensors: raw.map(({ name }) => name.text) }),
  };
}

function outputReading({ name, parameters }: WantedOutput): JsonObject {
  return { name: name.text, binary: parameters.values.binary_data ?? null };
}
