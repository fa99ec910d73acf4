import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { JsonValue } from "../../exchange/json.ts";
import { pruneInput, type Reads } from "../../exchange/reads.ts";
import { decodeCheckRequest } from "../codec.ts";
import { type InputDocument, inputDocument } from "./input.ts";
import { RequestParseError } from "./request-parse-error.ts";

const VECTORS = fileURLToPath(new URL("../../../../shared/vectors/opa-envoy/", import.meta.url));
const there = existsSync(VECTORS);
if (!there) console.error(`SKIPPED: the recorded requests are not at ${VECTORS}`);

type Vector = { readonly id: string; readonly service?: "v2"; readonly wire: string };

function vectors(): readonly Vector[] {
  return ["input", "decision"].flatMap((folder) =>
    readdirSync(join(VECTORS, folder))
      .filter((name) => name.endsWith(".json") && name !== "profiles.json")
      .flatMap((name) => JSON.parse(readFileSync(join(VECTORS, folder, name), "utf8")) as Vector[]),
  );
}

/** The document of a recorded request; undefined where it is no message, or none can be made of it. */
function documentOf({ wire }: Vector): InputDocument | undefined {
  let check: ReturnType<typeof decodeCheckRequest>;
  try {
    check = decodeCheckRequest(Buffer.from(wire, "base64"));
  } catch {
    return undefined;
  }
  try {
    return inputDocument(check, { skipRequestBodyParse: false });
  } catch (error) {
    if (error instanceof RequestParseError) return undefined;
    throw error;
  }
}

/** Every path of a document with up to six names, each as a whole and as a thing whose type alone counts. */
function* parts(value: JsonValue, depth = 6): Generator<Reads> {
  yield {};
  if (depth === 0 || typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [member, inner] of Object.entries(value)) {
    yield { [member]: true };
    for (const reads of parts(inner, depth - 1)) yield { [member]: reads };
  }
}

const parsed = (text: Buffer) => JSON.parse(text.toString()) as JsonValue;
const plain = (value: JsonValue) => JSON.parse(JSON.stringify(value)) as unknown;

test("writes all that is read of every recorded request, whatever that is", { skip: !there }, () => {
  let compared = 0;
  for (const vector of vectors().filter(({ service }) => service !== "v2")) {
    const document = documentOf(vector);
    if (document === undefined) continue;
    const whole = parsed(document.text(true));
    for (const reads of parts(whole)) {
      const pruned = parsed(document.text(reads));
      assert.deepEqual(
        plain(pruneInput(pruned, reads)),
        plain(pruneInput(whole, reads)),
        `${vector.id} ${JSON.stringify(reads)}`,
      );
      compared++;
    }
  }
  assert.ok(compared > 5_000, `${compared} documents`);
});

const ask = (body: string, headers: { [name: string]: string } = { "content-type": "application/json" }) =>
  ({
    attributes: {
      source: { principal: "spiffe://mesh.test/a" },
      request: { http: { path: "/a/b?c=d", method: "POST", headers, body, rawBody: Buffer.alloc(0) } },
    },
  }) as unknown as Parameters<typeof inputDocument>[0];

test("leaves out what is not read: the body in both its forms, headers, query", () => {
  const document = inputDocument(ask(JSON.stringify({ text: "x".repeat(100_000) })), {
    skipRequestBodyParse: false,
  });
  assert.ok(document.text(true).length > 200_000);
  const reads: Reads = { attributes: { request: { http: { method: true } } }, parsed_path: true };
  assert.deepEqual(parsed(document.text(reads)), {
    attributes: { request: { http: { method: "POST" } } },
    parsed_path: ["a", "b"],
  });
});

test("refuses a body that cannot be read although no policy reads it", () => {
  assert.throws(() => inputDocument(ask('{"a":'), { skipRequestBodyParse: false }), RequestParseError);
});
