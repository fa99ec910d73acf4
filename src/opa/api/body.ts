import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { yamlToJson } from "../../policy/bundle/yaml.ts";
import { JSON_VALUES_MAX, scanStructure } from "../../wire/json/index.ts";
import { ApiError } from "./reply.ts";

/** Bytes of a body, as it is sent and unpacked. OPA's 256 MiB and 512 MiB would stand still all that is decided beside. */
export const BODY_LIMITS = { bytes: 4 * 1024 * 1024, gzipBytes: 16 * 1024 * 1024 } as const;
/** More is not taken whatever the configuration says: a policy instance holds 256 MiB, and JSON grows fourfold in it. */
export const BODY_BYTES_MAX = 64 * 1024 * 1024;
/** YAML takes a hundred times as long to read as JSON. */
export const YAML_BYTES_MAX = 256 * 1024;

/** Bytes of all bodies at once, from the first byte to the answer: room for one of the largest, packed and unpacked. */
export const BODIES_BYTES_MAX = 2 * BODY_BYTES_MAX;
/** Deflate packs no better (RFC 1951: 258 bytes in two bits). */
const GZIP_RATIO_MAX = 1032;
/**
 * A text may not hold more values, nor nest deeper. Twice as many cannot be evaluated in the time that there is; reading
 * four million of them would keep every other decision waiting for five seconds.
 */
export const TEXT_LIMITS = { depthMax: 10_000, containersMax: JSON_VALUES_MAX, valuesMax: JSON_VALUES_MAX };

export type BodyLimits = { readonly bytes: number; readonly gzipBytes: number };

/** Counts bytes that a body takes, or gives back when they are negative. @throws ApiError 503 when there is no room */
type Take = (bytes: number) => void;

/** The room that the bodies of all requests share. */
export class BodyRoom {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number = BODIES_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** What is taken is free again when the work is done, or has failed. */
  async during<T>(work: (take: Take) => Promise<T>): Promise<T> {
    let taken = 0;
    const take: Take = (bytes) => {
      if (this.#bytes + bytes > this.#bytesMax)
        throw new ApiError(503, "internal_error", "too many large requests at once: ask again, one by one");
      this.#bytes += bytes;
      taken += bytes;
    };
    try {
      return await work(take);
    } finally {
      this.#bytes -= taken;
    }
  }
}

/** Reads a body, unpacked when it says that it is gzip. @throws ApiError 400, or 503 when there is no room for it now */
export async function readBody(request: Request, limits: BodyLimits, take: Take): Promise<Buffer> {
  const body = await readBounded(request, limits.bytes, take);
  if (body.length === 0 || !(request.headers.get("content-encoding") ?? "").includes("gzip")) return body;
  const unpackedMax = Math.min(limits.gzipBytes, body.length * GZIP_RATIO_MAX);
  take(unpackedMax);
  try {
    const unpacked = await gunzipAsync(body, { maxOutputLength: limits.gzipBytes });
    take(unpacked.length - unpackedMax);
    return unpacked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw tooLarge(
        `decompressed size exceeds limit of ${limits.gzipBytes} bytes (server.decoding.gzip.max_length)`,
      );
    throw invalid(`could not decompress the body: ${(error as Error).message}`, error);
  }
}

const gunzipAsync = promisify(gunzip);

async function readBounded(request: Request, bytesMax: number, take: Take): Promise<Buffer> {
  const fault = () => tooLarge(`exceeds limit of ${bytesMax} bytes (server.decoding.max_length)`);
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw fault();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw fault();
    take(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(what: string): ApiError {
  return new ApiError(400, "invalid_parameter", `request body too large: ${what}`);
}

function invalid(message: string, cause: unknown): ApiError {
  return new ApiError(400, "invalid_parameter", message, { cause });
}

/**
 * The value of a body, JSON unless the content type says YAML; undefined when it is empty. Numbers that JavaScript does
 * not hold exactly are left as the text they are, for {@link inputText}.
 * @throws ApiError 400
 */
export function parseBody(body: Buffer, contentType: string | null): unknown {
  if (body.length === 0) return undefined;
  const yaml = (contentType ?? "").includes("yaml");
  if (yaml && body.length > YAML_BYTES_MAX) throw tooLarge(`YAML exceeds limit of ${YAML_BYTES_MAX} bytes`);
  try {
    const text = body.toString("utf8");
    return yaml ? (JSON.parse(yamlToJson(text)) as unknown) : parseJson(text);
  } catch (error) {
    throw invalid(`body contains malformed input document: ${(error as Error).message}`, error);
  }
}

/** A whole JSON text. @throws SyntaxError, RangeError when it holds too much */
export function parseJson(text: string): unknown {
  // What is broken is told by the parser, which costs nothing where there is not the room for so many values.
  if (scanStructure(text, TEXT_LIMITS) === undefined && text.length > TEXT_LIMITS.depthMax)
    throw new RangeError(
      `it has more than ${JSON_VALUES_MAX} values, is nested deeper than ${TEXT_LIMITS.depthMax}, or is no JSON`,
    );
  return INEXACT.test(text) ? json.parse(text, keepDigits) : JSON.parse(text);
}

/** ECMAScript's "JSON.parse source text access", which Node 24 has. */
const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: Source) => unknown): unknown;
  rawJSON(text: string): object;
};
type Source = { readonly source?: string };

/** Numbers of which JavaScript might keep less than is written: many digits, or an exponent. It may also be in a text. */
const INEXACT = /\d{16}|\d\.\d{12}|\d[eE][+-]?\d/;

function keepDigits(_key: string, value: unknown, { source }: Source): unknown {
  return typeof value === "number" && source !== undefined ? json.rawJSON(source) : value;
}

/** The JSON text of a value that a body gave. @throws ApiError 400 */
export function inputText(value: unknown): Buffer {
  try {
    // YAML knows values that JSON does not, such as dates, and `undefined` for an empty document.
    return Buffer.from(withoutHalfPairs(JSON.stringify(value ?? null)));
  } catch (error) {
    throw invalid(`body contains malformed input document: ${(error as Error).message}`, error);
  }
}

/** Half surrogate pairs, which JSON writes as escapes, are U+FFFD to OPA. Other escapes are matched to step over them. */
function withoutHalfPairs(json: string): string {
  if (!json.includes("\\ud")) return json;
  return json.replace(/\\(?:(ud[89a-f][0-9a-f]{2})|.)/g, (whole, half?: string) =>
    half === undefined ? whole : "\ufffd",
  );
}

/** The member `input` of a body of OPA's data API; undefined when there is none. @throws ApiError 400 */
export function inputMember(body: unknown): Buffer | undefined {
  if (body === undefined || body === null) return undefined;
  if (!isJsonObject(body))
    throw invalid("body contains malformed input document: it is not a JSON object", undefined);
  const input = Object.hasOwn(body, "input") ? (body.input as JsonValue) : undefined;
  return input === undefined || input === null ? undefined : inputText(input);
}
