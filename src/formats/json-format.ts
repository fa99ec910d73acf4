import { RegentError } from "../exchange/errors.ts";
import type { Inference, TextPart } from "../exchange/inference.ts";
import {
  editJson,
  type JsonDocument,
  type JsonEdit,
  type JsonFault,
  readJson,
  renderJsonFault,
} from "../wire/json/index.ts";
import type {
  EndpointMatch,
  Format,
  ReadRequest,
  RequestChanges,
  RequestDescription,
  RewrittenRequest,
} from "./format.ts";

/** What a dialect whose request bodies are one JSON text says about them. */
export type JsonRequests = {
  /** @throws RegentError body_invalid, saying which member is wrong */
  readRequest(document: JsonDocument, endpoint: EndpointMatch): Inference;
  /** @throws RegentError body_invalid */
  describeRequest(document: JsonDocument, endpoint: EndpointMatch): RequestDescription;
  /** The edits that name another model in a body; absent where the path names it. */
  rewriteModel?(model: string, document: JsonDocument): readonly JsonEdit[];
  /** The edits that make a stream report its usage; none when the client asked for it or it is no stream. */
  askForUsage?(document: JsonDocument, inference: Inference): readonly JsonEdit[];
  /** The edit that puts other text in the place of a part. */
  replaceText(part: TextPart, text: string): JsonEdit;
  /** `data`: they have datatypes that say how they are read, whole ones past 2^53-1 included. */
  readonly numbers?: Numbers;
  /** All keys of the schema: a body that has no others is spared a second look at them. */
  readonly keys?: ReadonlySet<string>;
};

/** Whether all numbers of a body must be such that every reader takes them the same way. */
export type Numbers = "exact" | "data";

/** Requests whose bodies are one JSON text, and change by edits of it. */
export function jsonRequests(dialect: JsonRequests): Pick<Format, "readRequest" | "describeRequest"> {
  return {
    describeRequest: ({ bytes, endpoint }) =>
      dialect.describeRequest(parseBody(bytes, dialect.numbers, dialect.keys), endpoint),
    readRequest: ({ bytes, endpoint }) =>
      new JsonRequest(dialect, parseBody(bytes, dialect.numbers, dialect.keys), endpoint),
  };
}

/** A class, because a closure for each request would cost a tenth of reading a short one. */
class JsonRequest implements ReadRequest {
  readonly inference: Inference;
  readonly document: JsonDocument;
  readonly isWhole = true;
  readonly contentType = JSON_TYPE;
  readonly #dialect: JsonRequests;
  readonly #endpoint: EndpointMatch;

  constructor(dialect: JsonRequests, document: JsonDocument, endpoint: EndpointMatch) {
    this.inference = dialect.readRequest(document, endpoint);
    this.document = document;
    this.#dialect = dialect;
    this.#endpoint = endpoint;
  }

  rewrite({ texts, model, askForUsage }: RequestChanges): RewrittenRequest {
    const { document, inference } = this;
    const dialect = this.#dialect;
    const usage = askForUsage ? (dialect.askForUsage?.(document, inference) ?? []) : [];
    const edits = [
      ...texts.map(({ part, text }) => dialect.replaceText(part, text)),
      ...(model === undefined ? [] : (dialect.rewriteModel?.(model, document) ?? [])),
      ...usage,
    ];
    return {
      bytes: editJson(document, edits),
      pathname: model === undefined ? undefined : this.#endpoint.pathFor(model),
      asksForUsage: usage.length > 0,
    };
  }
}

export const JSON_TYPE = "application/json";

/** @throws RegentError body_invalid */
export function parseBody(
  bytes: Buffer,
  numbers: Numbers = "exact",
  keys?: ReadonlySet<string>,
): JsonDocument {
  const result = readJson(bytes, keys);
  if (!result.ok) throw broken(result.fault);
  const fault = numbers === "exact" ? result.document.inexactNumber() : undefined;
  if (fault !== undefined) throw broken(fault);
  return result.document;
}

function broken(fault: JsonFault): RegentError {
  return new RegentError("body_invalid", renderJsonFault(fault));
}
