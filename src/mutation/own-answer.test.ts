import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KIND_STATUS, type Kind, type Reason } from "../exchange/decision.ts";
import { ERRORS, type ErrorCode, RegentError } from "../exchange/errors.ts";
import { decidingReason, denialFromError, renderDenial, renderDocument } from "./own-answer.ts";

const KINDS = Object.keys(KIND_STATUS) as Kind[];

/** Shows what it was given. */
const render = (refusal: object) => ({ contentType: "text/x", body: Buffer.from(JSON.stringify(refusal)) });

function reason(code: string, kind: Kind, severity: Reason["severity"] = "error"): Reason {
  return { code, kind, message: `Because of ${code}.`, policy: "a/b", severity };
}

const REASON = fc.record({
  code: fc.stringMatching(/^[a-z]{1,8}$/),
  kind: fc.constantFrom(...KINDS),
  message: fc.string(),
  policy: fc.constant("a/b"),
  severity: fc.constantFrom("error" as const, "warning" as const),
});

test("lets the first error of the most pressing kind decide, and no warning", () => {
  fc.assert(
    fc.property(fc.array(REASON), (reasons) => {
      const deciding = decidingReason(reasons);
      const errors = reasons.filter(({ severity }) => severity === "error");
      assert.equal(deciding.severity, "error");
      if (errors.length === 0)
        assert.deepEqual([deciding.code, deciding.kind], ["policy_denied", "permission"]);
      else {
        const rank = (kind: Kind) => KINDS.indexOf(kind);
        const best = Math.min(...errors.map(({ kind }) => rank(kind)));
        assert.equal(
          deciding,
          errors.find(({ kind }) => rank(kind) === best),
        );
      }
    }),
  );
});

test("takes the status of the kind unless it is overridden, and words it with the deciding reason", () => {
  const reasons = [reason("gone", "retired"), reason("no", "unknown")];
  const own = renderDenial("id-1", { reasons, status: undefined, retryAfterS: undefined }, render);
  assert.equal(own.status, 404);
  assert.deepEqual(JSON.parse(own.body.toString()), {
    status: 404,
    code: "no",
    message: "Because of no.",
    requestId: "id-1",
  });
  assert.equal(own.details, "regent_no");
  assert.deepEqual(own.headers, [
    ["content-type", "text/x"],
    ["x-regent-decision-id", "id-1"],
    ["x-regent-reason", "no"],
  ]);
  assert.equal(renderDenial("id-1", { reasons, status: 451, retryAfterS: undefined }, render).status, 451);
});

test("sends what the clients of a dialect look for besides", () => {
  const own = renderDenial("id-1", { reasons: [], status: undefined, retryAfterS: 2 }, (refusal) => ({
    ...render(refusal),
    headers: [["request-id", refusal.requestId]],
  }));
  assert.deepEqual(own.headers, [
    ["content-type", "text/x"],
    ["x-regent-decision-id", "id-1"],
    ["x-regent-reason", "policy_denied"],
    ["request-id", "id-1"],
    ["retry-after", "2"],
  ]);
});

test("tells clients when to come again where that is known, and not to try at once where it is in vain", () => {
  const headersOf = (kind: Kind, retryAfterS?: number) =>
    new Map(
      renderDenial("id", { reasons: [reason("c", kind)], status: undefined, retryAfterS }, render).headers,
    );
  assert.equal(headersOf("budget", 17).get("retry-after"), "17");
  assert.ok(!headersOf("budget").has("retry-after"));
  const vain = KINDS.filter((kind) => headersOf(kind).get("x-should-retry") === "false");
  assert.deepEqual(vain, ["budget", "no_target", "internal"]);
});

test("gives each error of Regent's own its status, kind and sentence, and its cause to nobody", () => {
  for (const [code, { kind, status, message }] of Object.entries(ERRORS)) {
    const plain = denialFromError(new RegentError(code as ErrorCode, undefined, { cause: "secret" }));
    assert.equal(plain.status, status);
    assert.deepEqual(plain.reasons, [{ code, kind, message, policy: "regent", severity: "error" }]);
    const own = renderDenial("id", plain, render);
    assert.equal(own.status, status);
    assert.ok(own.status >= 400 && own.status <= 599);
    assert.ok(!JSON.stringify([own.headers, own.body.toString(), own.details]).includes("secret"));
  }
  const detailed = denialFromError(new RegentError("budget_exceeded", "None is left.", { retryAfterS: 3 }));
  assert.equal(detailed.reasons[0]?.message, "None is left.");
  assert.equal(detailed.retryAfterS, 3);
});

test("gives a document with its decision id, for nobody to keep", () => {
  const own = renderDocument("id-2", "application/json", Buffer.from("{}"));
  assert.equal(own.status, 200);
  assert.deepEqual(own.headers, [
    ["content-type", "application/json"],
    ["x-regent-decision-id", "id-2"],
    ["cache-control", "no-store"],
  ]);
});
