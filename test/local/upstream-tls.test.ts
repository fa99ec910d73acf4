import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { createAuthority, type KeyPair } from "../support/certificates.ts";
import { runEnvoy, temporaryFolder } from "./support/envoy.ts";

const folder = temporaryFolder();
const authority = createAuthority();
const caFile = join(folder.path, "ca.pem");
const trustedBefore = process.env.SSL_CERT_FILE;
const servers: Server[] = [];

before(() => writeFileSync(caFile, authority.cert));
afterEach(() => {
  if (trustedBefore === undefined) delete process.env.SSL_CERT_FILE;
  else process.env.SSL_CERT_FILE = trustedBefore;
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});
after(() => folder.remove());

/** What comes through an Envoy of the server at `host` that shows `certificate`: the host it was asked for, or a code. */
async function through(host: string, certificate: KeyPair, trusted: string): Promise<string> {
  const server = createServer(certificate, (request, response) => response.end(request.headers.host)).listen(
    0,
    "127.0.0.1",
  );
  servers.push(server);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  process.env.SSL_CERT_FILE = trusted;
  const envoy = await runEnvoy({
    filters: "none",
    ungovernedTarget: "up",
    targets: [{ name: "up", origin: `https://${host}:${port}` }],
  });
  try {
    const response = await fetch(`${envoy.origin}/v1/models`);
    const text = await response.text();
    return response.ok
      ? text.replace(String(port), "PORT")
      : (response.headers.get("x-regent-reason") ?? text);
  } finally {
    await envoy.stop();
  }
}

describe("Envoy talks TLS with a model server", () => {
  test("whose certificate is of the name or the address that was asked for", async () => {
    assert.equal(
      await through("localhost", authority.issue({ dnsNames: ["localhost"] }), caFile),
      "localhost:PORT",
    );
    assert.equal(
      await through("127.0.0.1", authority.issue({ ipAddresses: ["127.0.0.1"] }), caFile),
      "127.0.0.1:PORT",
    );
  });

  test("and with none of another name, address or authority", async () => {
    const refused = "upstream_unavailable";
    assert.equal(
      await through("localhost", authority.issue({ dnsNames: ["other.example"] }), caFile),
      refused,
    );
    assert.equal(
      await through("127.0.0.1", authority.issue({ ipAddresses: ["127.0.0.2"] }), caFile),
      refused,
    );
    assert.equal(
      await through("localhost", createAuthority().issue({ dnsNames: ["localhost"] }), caFile),
      refused,
    );
  });
});
