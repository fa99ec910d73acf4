import type { Headers } from "../../src/exchange/headers.ts";
import type { FormatName } from "../../src/exchange/inference.ts";
import type { BodyKind } from "../../src/formats/reading.ts";
import { encodeMessage, framed } from "../support/infer-proto.ts";
import { loadFixtures } from "./fixtures.ts";
import { WHOLE_REQUESTS } from "./requests/index.ts";

/** How a body is built, as far as a mutation has to know. */
export type Form = "json" | "json and tail" | "events" | "aws messages" | "frames" | "bytes";

/** A good body that mutations begin with. */
export type Seed = {
  readonly name: string;
  readonly kind: BodyKind;
  readonly form: Form;
  readonly body: Buffer;
  readonly headers: Headers;
  readonly status: number;
};

/** All recorded bodies of a format, the request that has every member of its schema, and what no recording has. */
export function seedsOf(format: FormatName): readonly Seed[] {
  const whole = WHOLE_REQUESTS[format];
  const request: Seed = {
    name: "the whole request",
    kind: "request",
    form: Buffer.isBuffer(whole) ? "frames" : "json",
    body: Buffer.isBuffer(whole) ? whole : Buffer.from(JSON.stringify(whole)),
    headers: new Map(),
    status: 200,
  };
  const recorded = loadFixtures(format).map(({ name, kind, file, body, headers, status = 200 }): Seed => {
    const form = FORMS.get(file.slice(file.lastIndexOf("."))) ?? "bytes";
    return {
      name,
      kind,
      form: form === "aws messages" && kind !== "stream" ? "json and tail" : form,
      body,
      headers,
      status,
    };
  });
  return [request, ...recorded, ...(format === "kserve-v2-grpc" ? grpcAnswers() : [])];
}

const FORMS: ReadonlyMap<string, Form> = new Map([
  [".json", "json"],
  [".sse", "events"],
  [".bin", "aws messages"],
]);

function grpcAnswers(): Seed[] {
  const response = {
    modelName: "some-model",
    id: "42",
    parameters: { sequence_id: { uint64Param: "7" } },
    outputs: [
      { name: "scores", datatype: "FP32", shape: ["2"], contents: { fp32Contents: [0.5, 0.25] } },
      { name: "label", datatype: "BYTES", shape: ["1"], contents: { bytesContents: ["Y2F0"] } },
    ],
  };
  const whole = framed(encodeMessage("response", response));
  const pieces = [
    { inferResponse: response },
    { inferResponse: response },
    { errorMessage: "out of memory" },
  ];
  const stream = framed(...pieces.map((piece) => encodeMessage("streamed", piece)));
  const seed = { form: "frames", headers: new Map(), status: 200 } as const;
  return [
    { ...seed, name: "an answer", kind: "response", body: whole },
    { ...seed, name: "a stream", kind: "stream", body: stream },
  ];
}
