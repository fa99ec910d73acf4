import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";

/** What the witness keeps of one request that reached the model. */
export type Witnessed = {
  /** Counts from 1. */
  readonly sequence: number;
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly requestId: string | undefined;
  readonly decisionId: string | undefined;
  /** As they came, repeats and order included. */
  readonly headers: readonly (readonly [string, string])[];
  readonly bodyBytes: number;
  /** Hex. */
  readonly bodySha256: string;
  /** The first {@link BODY_TEXT_CHARACTERS_MAX} characters. */
  readonly body: string;
};

/** Requests remembered. A load test of 20,000 fits twice; older ones are forgotten and counted. */
const REQUESTS_MAX = 50_000;
/** Characters of a body that are kept: whole in every scene, and 50,000 of them still fit the memory. */
const BODY_TEXT_CHARACTERS_MAX = 4_096;

/** The memory of a sample model: proof of what got through. */
export class Witness {
  readonly #server: string;
  readonly #file: string | undefined;
  #requests: Witnessed[] = [];
  #count = 0;

  /** `file`: every request is also appended there, one JSON object a line, before it is answered. */
  constructor(server: string, file?: string) {
    this.#server = server;
    this.#file = file;
  }

  /** Requests seen since the start, the forgotten ones included. */
  get count(): number {
    return this.#count;
  }

  see(request: IncomingMessage, body: Buffer): Witnessed {
    this.#count += 1;
    const seen: Witnessed = {
      sequence: this.#count,
      server: this.#server,
      method: request.method ?? "",
      path: request.url ?? "",
      requestId: single(request, "x-request-id"),
      decisionId: single(request, "x-regent-decision-id"),
      headers: pairs(request.rawHeaders),
      bodyBytes: body.length,
      bodySha256: createHash("sha256").update(body).digest("hex"),
      body: body.toString("utf8").slice(0, BODY_TEXT_CHARACTERS_MAX),
    };
    this.#requests.push(seen);
    // In one go, not one by one: shifting 50,000 entries for each request would be slow.
    if (this.#requests.length > 2 * REQUESTS_MAX) this.#requests = this.#requests.slice(-REQUESTS_MAX);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(seen)}\n`);
    return seen;
  }

  /** The remembered requests that match, oldest first. */
  find(
    filter: {
      requestId?: string | undefined;
      decisionId?: string | undefined;
      since?: number | undefined;
    } = {},
  ): Witnessed[] {
    return this.#requests
      .slice(-REQUESTS_MAX)
      .filter(
        (seen) =>
          (filter.requestId === undefined || seen.requestId === filter.requestId) &&
          (filter.decisionId === undefined || seen.decisionId === filter.decisionId) &&
          (filter.since === undefined || seen.sequence > filter.since),
      );
  }

  forget(): void {
    this.#requests = [];
  }
}

function single(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

function pairs(raw: readonly string[]): [string, string][] {
  const fields: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2)
    fields.push([(raw[at] as string).toLowerCase(), raw[at + 1] as string]);
  return fields;
}
