import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import type { Record as RegentRecord } from "../../src/exchange/record.ts";
import { SCENES } from "../../src/local/scenes/index.ts";
import { chat, KEYS, refusalOf, Stage } from "../../src/local/scenes/stage.ts";
import { createAuthority } from "../support/certificates.ts";
import { WITH_FIXTURES } from "./fixtures.ts";
import { type SidecarMesh, startSidecarMesh } from "./mesh.ts";

const APP = "spiffe://cluster.local/ns/acme/sa/app";
/** Callers by name. `app` is of the tenant acme by its namespace; of `portal` the sidecar knows nothing but its name. */
const CLIENTS = new Map([
  ["app", APP],
  ["stranger", "spiffe://cluster.local/ns/umbrella/sa/app"],
  ["portal", "spiffe://cluster.local/portal"],
]);

/** A chat without a key. */
const KEYLESS: RequestInit = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(chat("default", "Who am I?")),
};
const CHAT = JSON.stringify(chat("default", "Who am I?"));

/** In a mesh everybody has a certificate. That of `portal` says who it is and not for whom it works. */
const OTHERWISE_IN_A_MESH = new Map([["no key", "403 tenant_unknown"]]);

describe("in front of a workload of a mesh", WITH_FIXTURES, () => {
  let mesh: SidecarMesh;
  const stageOf = (client: string) =>
    new Stage(mesh.origin(client), mesh.behind.targets, mesh.behind.auditDir);

  before(async () => {
    mesh = await startSidecarMesh(CLIENTS);
  });
  after(() => mesh.stop());

  for (const { title, expected, play } of SCENES) {
    test(`the tour goes as without a mesh: ${title}`, async () => {
      assert.equal(await play(stageOf("portal")), OTHERWISE_IN_A_MESH.get(title) ?? expected);
    });
  }

  /** Who the record says that called. */
  async function recordedIdentity(client: string, response: Response): Promise<RegentRecord["identity"]> {
    assert.equal(response.status, 200, await response.text());
    const record = await stageOf(client).record(response.headers.get("x-regent-decision-id"));
    return (record as unknown as RegentRecord).identity;
  }

  test("a workload without a key is known by its certificate, which goes no further", async () => {
    const stage = stageOf("app");
    const response = await stage.send("/v1/chat/completions", KEYLESS);
    assert.deepEqual(await recordedIdentity("app", response), {
      principal: APP,
      subject: "app",
      tenant: "acme",
      roles: ["analyst"],
      method: "mtls",
    });
    const { headers } = await stage.seenOnce(response.headers.get("x-regent-decision-id"));
    assert.deepEqual(
      headers.filter(([name]) => name === "x-forwarded-client-cert"),
      [],
    );
  });

  test("a key of the workload's own tenant names the subject", async () => {
    const { subject, principal } = await recordedIdentity("app", await stageOf("app").post(CHAT));
    assert.deepEqual({ subject, principal }, { subject: "acme-analyst", principal: APP });
  });

  test("a key of another tenant than the workload's is refused", async () => {
    const stage = stageOf("app");
    const response = await stage.post(CHAT, { authorization: `Bearer ${KEYS.globexAnalyst}` });
    assert.equal(await refusalOf(stage, response), "401 credentials_ambiguous");
  });

  test("a workload whose tenant is not known is refused", async () => {
    const stage = stageOf("stranger");
    assert.equal(
      await refusalOf(stage, await stage.send("/v1/chat/completions", KEYLESS)),
      "403 tenant_unknown",
    );
  });

  test("only a certificate of the mesh gets through to HTTP", async () => {
    const { inboundPort, issue, behind } = mesh;
    const seen = behind.reached;
    assert.equal(await tlsAnswer(inboundPort, issue(APP)), "answered");
    assert.equal(await tlsAnswer(inboundPort, {}), "refused");
    assert.equal(await tlsAnswer(inboundPort, createAuthority().issue({ uris: [APP] })), "refused");
    assert.equal(await tlsAnswer(inboundPort, issue("spiffe://other.example/ns/acme/sa/app")), "refused");
    assert.equal(behind.reached, seen);
  });

  test("without the sidecar nothing is let through", async () => {
    const seen = mesh.behind.reached;
    await mesh.behind.stopRegent();
    for (const path of ["/v1/chat/completions", "/v1/models", "/metrics", "/"]) {
      const response = await stageOf("app").send(path, KEYLESS);
      assert.equal(response.status, 503, path);
      assert.equal(response.headers.get("x-regent-reason"), "policy_unreachable", path);
    }
    assert.equal(mesh.behind.reached, seen);
  });
});

/** Whether a server answers a request over TLS at all. Its own name does not matter here. */
function tlsAnswer(
  port: number,
  credentials: { cert?: string; key?: string },
): Promise<"answered" | "refused"> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...credentials });
    socket.on("error", () => resolve("refused"));
    socket.on("close", () => resolve("refused"));
    socket.on("data", () => {
      resolve("answered");
      socket.destroy();
    });
    socket.write("GET /v1/models HTTP/1.1\r\nhost: model-server\r\n\r\n");
  });
}
