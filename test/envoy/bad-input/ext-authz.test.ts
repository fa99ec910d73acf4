import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { ALLOWED_BODY, ANALYST, chat, DENIED_BODY, post } from "../governed/ask.ts";
import { exchangeOne, rawRequest } from "../governed/raw.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { Watch } from "../governed/watch.ts";
import { BAD_CREDENTIALS, FORGED_HEADERS } from "./credentials.ts";
import { INVALID_BODIES } from "./invalid-bodies.ts";
import { SPELLINGS } from "./spellings.ts";

/** The same bad input where ext_authz, which is shown the body, makes the whole decision. */
describe("ext_authz alone", () => {
  let stack: Governed;
  let watch: Watch;
  before(async () => {
    stack = await startGoverned({
      filters: "ext_authz_body",
      config: (usual) => ({ ...usual, extAuthz: { entrypoint: "regent/request/decision" } }),
    });
    watch = new Watch(stack);
  });
  after(() => stack?.stop());

  const KEY = `authorization: ${ANALYST.authorization}`;
  const coded = (body: Buffer, coding: string) =>
    post(stack.port, body, { headers: { "content-encoding": coding } });

  test("serves a chat", async () => {
    assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);
    assert.equal((await coded(gzipSync(ALLOWED_BODY), "gzip")).headers["x-regent-reason"], undefined);
  });

  test("refuses every body that is not one chat in strict JSON", async () => {
    for (const body of Object.values(INVALID_BODIES)) {
      await watch.refused("body_invalid", () => post(stack.port, body));
      await watch.refused("body_invalid", () =>
        post(stack.port, body, { headers: { "content-type": "text/plain" } }),
      );
    }
    for (const what of ["empty", "null", "not UTF-8"])
      await watch.refused("body_invalid", () =>
        post(stack.port, INVALID_BODIES[what] as string, { chunked: true }),
      );
  });

  test("refuses a body that is too large, with content-length and in chunks", async () => {
    for (const bytes of [4 * 1024 ** 2 + 1, 20_000_000])
      for (const chunked of [false, true])
        await watch.refused("body_too_large", () =>
          post(stack.port, ALLOWED_BODY.padEnd(bytes, " "), { chunked }),
        );
  });

  test("denies what a body says in gzip, and refuses other codings and what explodes", async () => {
    await watch.refused("model_not_permitted", () => coded(gzipSync(DENIED_BODY), "gzip"));
    await watch.refused("encoding_unsupported", () => coded(brotliCompressSync(ALLOWED_BODY), "br"));
    await watch.refused("encoding_unsupported", () => coded(gzipSync(gzipSync(ALLOWED_BODY)), "gzip, gzip"));
    await watch.refused("body_too_large", () => coded(gzipSync(Buffer.alloc(50_000_000, " ")), "gzip"));
  });

  test("refuses what it would have to change: it cannot mask", async () => {
    const body = JSON.stringify(chat("sim-small", "Write to jane.roe@example.com."));
    await watch.refused("obligation_unsupported", () => post(stack.port, body));
  });

  test("refuses every caller that is not named exactly once, whatever else is forged", async () => {
    for (const [code, ...lines] of BAD_CREDENTIALS)
      await watch.refused(code, () =>
        exchangeOne(stack.port, rawRequest(ALLOWED_BODY, [...lines, ...FORGED_HEADERS])),
      );
  });

  test("takes every spelling of the path for what it is, or refuses it", async () => {
    const ask = (target: string, body: string) =>
      exchangeOne(stack.port, rawRequest(body, [KEY], { target }));
    for (const target of SPELLINGS.plain)
      await watch.refused("model_not_permitted", () => ask(target, DENIED_BODY));
    for (const target of SPELLINGS.ambiguous)
      await watch.refused("path_ambiguous", () => ask(target, ALLOWED_BODY));
    for (const target of SPELLINGS.unknown)
      await watch.refused("unknown_endpoint", () => ask(target, ALLOWED_BODY));
    for (const target of SPELLINGS.unreadable)
      assert.ok([400, 404].includes((await watch.unreached(() => ask(target, ALLOWED_BODY))).status));
  });

  test("lets nothing reach a model without its allow, and records every refusal", () => watch.settle());
});
