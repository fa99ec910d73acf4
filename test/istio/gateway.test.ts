import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SCENES } from "../../src/local/scenes/index.ts";
import { KEYS, Stage } from "../../src/local/scenes/stage.ts";
import { WITH_FIXTURES } from "./fixtures.ts";
import { type Mesh, startGatewayMesh } from "./mesh.ts";

describe("at the ingress gateway of a mesh", WITH_FIXTURES, () => {
  let mesh: Mesh;
  let stage: Stage;

  before(async () => {
    mesh = await startGatewayMesh();
    stage = new Stage(mesh.origin("outside"), mesh.behind.targets, mesh.behind.auditDir);
  });
  after(() => mesh.stop());

  for (const { title, expected, play } of SCENES) {
    test(`the tour goes as without a mesh: ${title}`, async () => {
      assert.equal(await play(stage), expected);
    });
  }

  test("a client that names a target itself goes where the decision says", async () => {
    const body = JSON.stringify({ model: "default", messages: [{ role: "user", content: "Where am I?" }] });
    const authorization = `Bearer ${KEYS.globexAnalyst}`;
    const response = await stage.post(body, { authorization, "x-regent-target": "sim-us" });
    assert.equal(response.status, 200, await response.text());
    assert.equal((await stage.seenOnce(response.headers.get("x-regent-decision-id"))).server, "sim-eu");
  });

  test("without the sidecar nothing is let through, also to a target that the client names", async () => {
    const seen = mesh.behind.reached;
    await mesh.behind.stopRegent();
    const response = await stage.post("{}", { "x-regent-target": "sim-us" });
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("x-regent-reason"), "policy_unreachable");
    assert.equal(mesh.behind.reached, seen);
  });
});
