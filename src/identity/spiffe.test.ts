import assert from "node:assert/strict";
import { test } from "node:test";
import { createSpiffeMatcher } from "./spiffe.ts";

const PATTERN = "spiffe://cluster.local/ns/{tenant}/sa/{subject}";
const match = createSpiffeMatcher([{ match: PATTERN, roles: ["analyst"] }]);

test("captures one path segment for each name", () => {
  assert.deepEqual(match("spiffe://cluster.local/ns/acme/sa/chat"), {
    tenant: "acme",
    subject: "chat",
    roles: ["analyst"],
  });
});

test("matches nothing that differs in a letter, a segment or an encoding", () => {
  for (const principal of [
    "",
    "spiffe://cluster.local/ns/acme/sa/chat/more",
    "spiffe://cluster.local/ns/acme/sa",
    "spiffe://cluster.local/ns/acme/sa/",
    "spiffe://cluster.local/ns//sa/chat",
    "spiffe://cluster.local/ns/ac/me/sa/chat",
    "spiffe://cluster.local/ns/../sa/chat",
    "spiffe://cluster.local/ns/./sa/chat",
    "spiffe://cluster.local/ns/ac%2fme/sa/chat",
    "spiffe://cluster.local/ns/acme/sa/chat,spiffe://cluster.local/ns/other/sa/chat",
    "spiffe://cluster.local.evil/ns/acme/sa/chat",
    "spiffe://CLUSTER.local/ns/acme/sa/chat",
    "spiffe:/cluster.local/ns/acme/sa/chat",
    "xspiffe://cluster.local/ns/acme/sa/chat",
    " spiffe://cluster.local/ns/acme/sa/chat",
    "spiffe://cluster.local/ns/acme/sa/chat\n",
  ]) {
    assert.equal(match(principal), undefined, principal);
  }
});

test("takes the first rule that matches", () => {
  const first = createSpiffeMatcher([
    { match: "spiffe://d/ns/ops/sa/{subject}", roles: ["admin"] },
    { match: "spiffe://d/ns/{tenant}/sa/{subject}", roles: ["analyst"] },
  ]);
  assert.deepEqual(first("spiffe://d/ns/ops/sa/x"), { subject: "x", roles: ["admin"] });
  assert.deepEqual(first("spiffe://d/ns/acme/sa/x"), { tenant: "acme", subject: "x", roles: ["analyst"] });
});

test("refuses patterns that it cannot match segment by segment", () => {
  for (const pattern of [
    "",
    "spiffe://",
    "https://d/{tenant}",
    "spiffe://{tenant}/x",
    "spiffe://d/ns/*",
    "spiffe://d/a-{tenant}",
    "spiffe://d/{tenant}/{tenant}",
    "spiffe://d/{role}",
    "spiffe://d/{}",
    "spiffe://d/{tenant}/",
    "spiffe://d//{tenant}",
  ]) {
    assert.throws(
      () => createSpiffeMatcher([{ match: pattern, roles: [] }]),
      /^Error: the SPIFFE pattern ".*" /,
      pattern,
    );
  }
});
