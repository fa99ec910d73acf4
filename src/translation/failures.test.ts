import assert from "node:assert/strict";
import { test } from "node:test";
import type { FormatName } from "../exchange/inference.ts";
import { TRANSLATIONS, translatorOf } from "./index.ts";

/** An error as servers of each dialect send it. */
const ERRORS: { readonly [F in FormatName]?: object } = {
  "anthropic-messages": { type: "error", error: { type: "api_error", message: "m" } },
  "bedrock-converse": { __type: "ThrottlingException", message: "m" },
};
const ERROR = { error: { message: "m", type: "server_error", code: 500 } };
const PLAIN = { error: "m" };
const PLAIN_DIALECTS: readonly FormatName[] = ["kserve-v2", "kserve-v1", "tfserving", "triton-generate"];

for (const { from, to } of TRANSLATIONS) {
  const response = translatorOf(from, to)?.response;
  if (response === undefined) continue;

  test(`an error of ${from} is one for ${to}, whatever its status says`, () => {
    const error = ERRORS[from] ?? (PLAIN_DIALECTS.includes(from) ? PLAIN : ERROR);
    for (const status of [200, 500]) {
      const facts = { status, headers: new Map(), model: "m", includeUsage: true, nowS: 0, id: "i" };
      const answer = response(Buffer.from(JSON.stringify(error)), facts, () => {});
      assert.equal(answer.isFailure, true, String(status));
    }
  });
}
