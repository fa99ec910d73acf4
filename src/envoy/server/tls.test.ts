import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { ChannelCredentials, status } from "@grpc/grpc-js";
import {
  type CertificateAuthority,
  type CertificateOptions,
  createAuthority,
  type KeyPair,
} from "../../../test/support/certificates.ts";
import { connectEnvoy } from "../../../test/support/grpc-client.ts";
import type { ServerLog, TlsOptions } from "./options.ts";
import { type GrpcServer, startGrpcServer } from "./server.ts";

const ENVOY = "spiffe://cluster.local/ns/istio-system/sa/gateway";
const PEERS = ["spiffe://cluster.local/ns/istio-system/*"];
const DAY_MS = 24 * 3_600_000;

function memoryLog(): ServerLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (_fields: object, message: string) => lines.push(message);
  return { lines, info: add, warn: add, error: add };
}

/** A server certificate for 127.0.0.1 and the CA of the clients, in files that can be rotated. */
function files(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "regent-tls-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const authority = createAuthority();
  const path = (name: string) => join(dir, name);
  const issue = (options: CertificateOptions = {}) =>
    authority.issue({ ipAddresses: ["127.0.0.1"], dnsNames: ["localhost"], ...options });
  const write = ({ cert, key }: KeyPair) => {
    writeFileSync(path("tls.crt"), cert);
    writeFileSync(path("tls.key"), key);
  };
  write(issue());
  writeFileSync(path("ca.crt"), authority.cert);
  const options: TlsOptions = {
    certFile: path("tls.crt"),
    keyFile: path("tls.key"),
    clientCaFile: path("ca.crt"),
    peers: PEERS,
  };
  return { authority, issue, write, path, options };
}

async function start(t: TestContext, tls: TlsOptions, host = "127.0.0.1") {
  const log = memoryLog();
  const server = await startGrpcServer(
    { listen: { kind: "tcp", host, port: 0 }, tls, messageBytesMax: 1024 },
    {
      check: async () => ({ status: { code: status.PERMISSION_DENIED } }),
      process: (call) => call.emit("error", { code: status.UNAVAILABLE, details: "" }),
    },
    log,
  );
  t.after(() => server.close(0));
  return { server, log };
}

async function checkAs(
  server: GrpcServer,
  authority: CertificateAuthority,
  pair?: KeyPair,
): Promise<number | undefined> {
  assert.ok(server.address.kind === "tcp");
  const buffers = pair === undefined ? [null, null] : [Buffer.from(pair.key), Buffer.from(pair.cert)];
  const credentials = ChannelCredentials.createSsl(Buffer.from(authority.cert), buffers[0], buffers[1]);
  const client = connectEnvoy({ ...server.address, host: "127.0.0.1" }, credentials);
  try {
    return (await client.check({})).status?.code;
  } finally {
    client.close();
  }
}

/** Serial number of the certificate that the server shows to those who connect now. */
async function shownSerial(
  server: GrpcServer,
  pair: KeyPair,
  authority: CertificateAuthority,
): Promise<string> {
  assert.ok(server.address.kind === "tcp");
  const { cert, key } = pair;
  const { host, port } = server.address;
  const socket: TLSSocket = connect({ host, port, cert, key, ca: authority.cert, ALPNProtocols: ["h2"] });
  // The first bytes say that the server has finished its side of the handshake too.
  await once(socket, "data");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test("answers a client whose certificate names an allowed peer, also beyond loopback", async (t) => {
  const { authority, options } = files(t);
  const { server } = await start(t, options, "0.0.0.0");
  assert.equal(
    await checkAs(server, authority, authority.issue({ uris: [ENVOY] })),
    status.PERMISSION_DENIED,
  );
});

test("refuses every other client", async (t) => {
  const { authority, options } = files(t);
  const { server, log } = await start(t, options);
  const refused: { [who: string]: KeyPair | undefined } = {
    "no certificate": undefined,
    "another service": authority.issue({ uris: ["spiffe://cluster.local/ns/default/sa/x"] }),
    "no URI name": authority.issue({ dnsNames: [ENVOY] }),
    "two URI names": authority.issue({ uris: [ENVOY, "spiffe://cluster.local/ns/default/sa/x"] }),
    "another authority": createAuthority().issue({ uris: [ENVOY] }),
    expired: authority.issue({ uris: [ENVOY], notAfter: new Date(Date.now() - DAY_MS) }),
  };
  for (const [who, pair] of Object.entries(refused)) {
    await assert.rejects(checkAs(server, authority, pair), { code: status.UNAVAILABLE }, who);
  }
  assert.equal(log.lines.filter((line) => line.startsWith("connection refused")).length >= 6, true);
});

test("asks for no certificate on loopback when no CA is given", async (t) => {
  const { authority, options } = files(t);
  const { certFile, keyFile } = options;
  const { server } = await start(t, { certFile, keyFile, peers: [] });
  assert.equal(await checkAs(server, authority), status.PERMISSION_DENIED);
});

test("does not listen beyond loopback with TLS that lets everybody in", async (t) => {
  const { certFile, keyFile, clientCaFile } = files(t).options;
  assert.ok(clientCaFile !== undefined);
  await assert.rejects(
    start(t, { certFile, keyFile, peers: [] }, "0.0.0.0"),
    /can be reached from other machines/,
  );
  await assert.rejects(
    start(t, { certFile, keyFile, clientCaFile, peers: [] }, "0.0.0.0"),
    /can be reached from other machines/,
  );
});

test("does not start with names of peers that nobody vouches for", async (t) => {
  const { certFile, keyFile, peers } = files(t).options;
  await assert.rejects(start(t, { certFile, keyFile, peers }), /tls\.peers needs tls\.clientCaFile/);
});

test("does not start with files that do not fit, and names the file", async (t) => {
  const { issue, write, path, options } = files(t);
  const good = issue();
  const cases: [change: () => void, message: RegExp][] = [
    [() => write({ ...good, key: issue().key }), /tls\.key is not the key of the certificate in .*tls\.crt/],
    [() => write({ ...good, cert: "nonsense" }), /tls\.crt holds no certificate/],
    [() => write({ ...good, key: "" }), /tls\.key holds no private key/],
    [() => write(issue({ notAfter: new Date(Date.now() - DAY_MS) })), /tls\.crt expired at/],
    [() => write(issue({ notBefore: new Date(Date.now() + DAY_MS) })), /tls\.crt is not valid before/],
    [() => rmSync(path("tls.crt")), /tls\.crt cannot be read/],
    [() => writeFileSync(path("ca.crt"), "nonsense"), /ca\.crt holds no CA certificate/],
  ];
  for (const [change, message] of cases) {
    write(good);
    change();
    await assert.rejects(start(t, options), message);
  }
});

test("shows a rotated certificate to those who connect next, also when a link far above it was swapped", async (t) => {
  const { authority, issue, write, path, options } = files(t);
  const { server, log } = await start(t, options);
  const client = authority.issue({ uris: [ENVOY] });
  const serials = [await shownSerial(server, client, authority)];
  const rotate = async (change: () => void) => {
    change();
    await server.reloadCertificates();
    serials.push(await shownSerial(server, client, authority));
  };
  await rotate(() => write(issue()));
  await rotate(() => {
    const next = issue();
    for (const [name, text] of [
      ["tls.crt", next.cert],
      ["tls.key", next.key],
    ] as const) {
      writeFileSync(path(`${name}.v2`), text);
      symlinkSync(`${name}.v2`, path(`${name}.link`));
      renameSync(path(`${name}.link`), path(name));
    }
  });
  assert.equal(new Set(serials).size, 3);
  assert.deepEqual(log.lines, ["certificate reloaded", "certificate reloaded"]);
  assert.equal(await checkAs(server, authority, client), status.PERMISSION_DENIED);
});

test("keeps the certificate in use when the new one does not fit, says so once, and takes the next good one", async (t) => {
  const { authority, issue, write, path, options } = files(t);
  const { server, log } = await start(t, options);
  const client = authority.issue({ uris: [ENVOY] });
  const first = await shownSerial(server, client, authority);
  const next = issue();

  writeFileSync(path("tls.crt"), next.cert);
  await server.reloadCertificates();
  await server.reloadCertificates();
  assert.equal(await shownSerial(server, client, authority), first);
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? "", /not reloaded, the old one stays: .*is not the key/);

  write(next);
  await server.reloadCertificates();
  assert.notEqual(await shownSerial(server, client, authority), first);
  assert.equal(log.lines[1], "certificate reloaded");
});

test("takes clients of a new authority once its certificate is in the file, and those of the old one no more", async (t) => {
  const { authority, path, options } = files(t);
  const { server } = await start(t, options);
  const next = createAuthority();
  const [before, after] = [authority, next].map((each) => each.issue({ uris: [ENVOY] }));
  await assert.rejects(checkAs(server, authority, after), { code: status.UNAVAILABLE });
  writeFileSync(path("ca.crt"), next.cert);
  await server.reloadCertificates();
  assert.equal(await checkAs(server, authority, after), status.PERMISSION_DENIED);
  await assert.rejects(checkAs(server, authority, before), { code: status.UNAVAILABLE });
});

test("warns once of a certificate that expires soon", async (t) => {
  const { issue, write, options } = files(t);
  write(issue({ notAfter: new Date(Date.now() + DAY_MS) }));
  const { server, log } = await start(t, options);
  await server.reloadCertificates();
  await server.reloadCertificates();
  assert.deepEqual(log.lines, ["certificate expires soon"]);
});

test("serves others while a client does not get on with its handshake, and closes on one that speaks no TLS", async (t) => {
  const { authority, options } = files(t);
  const { server, log } = await start(t, options);
  assert.ok(server.address.kind === "tcp");
  const { createConnection } = await import("node:net");
  const idle = createConnection(server.address.port, server.address.host);
  await once(idle, "connect");
  assert.equal(
    await checkAs(server, authority, authority.issue({ uris: [ENVOY] })),
    status.PERMISSION_DENIED,
  );
  idle.write("GET / HTTP/1.1\r\n\r\n");
  idle.on("error", () => {});
  idle.resume();
  await once(idle, "close");
  assert.deepEqual(log.lines, ["connection refused: TLS handshake failed"]);
});
