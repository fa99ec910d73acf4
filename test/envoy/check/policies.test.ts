/**
 * Policies as they are written for opa-envoy-plugin, behind a real Envoy and in front of real servers: `regent serve`
 * decides by token, path, method and body, of HTTP and of gRPC. The oracle is the upstream: what was denied has not
 * reached it.
 */
import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import {
  ChannelCredentials,
  Client,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import protobuf from "protobufjs";
import type { JsonObject } from "../../../src/exchange/json.ts";
import { descriptorSet, message } from "../../support/descriptors.ts";
import { send } from "../support/client.ts";
import { startWitness } from "../support/witness.ts";
import { type CheckStackOptions, startCheckStack } from "./stack.ts";

const SHOP = `package shop.authz

http := input.attributes.request.http

default decision := {"allowed": false, "http_status": 403, "body": "not for you"}

decision := {"allowed": false, "http_status": 401, "headers": {"www-authenticate": "Bearer"}} if not caller

decision := {"allowed": true, "headers": {"x-caller": caller.name}, "dynamic_metadata": {"role": caller.role}} if permitted

caller := {"name": claims.sub, "role": claims.role} if {
	[scheme, token] := split(http.headers.authorization, " ")
	lower(scheme) == "bearer"
	[valid, _, claims] := io.jwt.decode_verify(token, {"secret": data.shop.secret, "iss": "shop", "alg": "HS256"})
	valid
}

caller := {"name": user, "role": "clerk"} if {
	[scheme, encoded] := split(http.headers.authorization, " ")
	lower(scheme) == "basic"
	[user, password] := split(base64.decode(encoded), ":")
	crypto.sha256(password) == data.shop.passwords[user]
}

permitted if {
	http.method == "GET"
	glob.match("/shelves/*/books", ["/"], concat("/", array.concat([""], input.parsed_path)))
}

permitted if {
	caller.role == "clerk"
	http.method == "POST"
	input.parsed_path == ["books"]
	input.parsed_body.copies <= 10
	not input.truncated_body
}
`;

const SECRET = randomBytes(32).toString("hex");
const PASSWORD = randomBytes(8).toString("hex");
const DATA = JSON.stringify({
  shop: {
    secret: SECRET,
    passwords: { cleo: createSha256(PASSWORD) },
  },
});

function createSha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

type Claims = { readonly sub: string; readonly role: string; readonly iss?: string; readonly exp?: number };

/** A token of the shop, or of whoever has another secret. */
function token(claims: Claims, secret = SECRET, alg = "HS256"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 600;
  const text = `${part({ alg, typ: "JWT" })}.${part({ iss: "shop", exp, ...claims })}`;
  const signature = alg === "none" ? "" : createHmac("sha256", secret).update(text).digest("base64url");
  return `Bearer ${text}.${signature}`;
}

const CLERK = { sub: "cleo", role: "clerk" };
const READER = { sub: "rita", role: "reader" };
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

async function startShop(t: TestContext, options: Partial<CheckStackOptions> = {}) {
  const witness = await startWitness();
  t.after(() => witness.stop());
  const stack = await startCheckStack(t, {
    sources: { "shop.rego": SHOP, "data.json": DATA },
    extAuthz: { entrypoint: "shop/authz/decision" },
    upstream: { port: witness.port },
    ...options,
  });
  return { ...stack, witness };
}

const WITH_BODY: JsonObject = {
  with_request_body: { max_request_bytes: 4096, allow_partial_message: true },
};

test("decides by token, password, method and path, without bodies", async (t) => {
  const { port, witness } = await startShop(t);
  const ask = async (authorization: string | undefined, path: string, method = "GET") => {
    const headers = authorization === undefined ? {} : { authorization };
    return (await send(port, { path, method, headers })).status;
  };
  assert.equal(await ask(token(READER), "/shelves/7/books?sort=title"), 200);
  assert.equal(await ask(basic("cleo", PASSWORD), "/shelves/7/books"), 200);
  assert.deepEqual(
    witness.seen.map(({ headers }) => headers["x-caller"]),
    ["rita", "cleo"],
  );

  const unknown = [
    undefined,
    "",
    "Bearer",
    "Bearer a.b.c",
    basic("cleo", "wrong"),
    basic("nobody", PASSWORD),
    token(CLERK, "another secret"),
    token(CLERK, SECRET, "none"),
    token({ ...CLERK, exp: 1_000_000_000 }),
    token({ ...CLERK, iss: "elsewhere" }),
  ];
  for (const authorization of unknown)
    assert.equal(await ask(authorization, "/shelves/7/books"), 401, authorization);
  for (const [path, method] of [
    ["/shelves/7/8/books", "GET"],
    ["/shelves/7/books", "DELETE"],
    ["/shelves/7%2F8/books", "GET"],
    ["/books", "POST"],
  ] as const)
    assert.equal(await ask(token(CLERK), path, method), 403, path);
  assert.equal(await ask(token(READER), "/shelves/%zz/books"), 400);
  assert.equal(witness.seen.length, 2);
});

test("decides by what a body says, and by none that was cut", async (t) => {
  const { port, witness } = await startShop(t, { filter: WITH_BODY });
  const post = async (body: string, authorization = token(CLERK), contentType = "application/json") => {
    const headers = { authorization, "content-type": contentType };
    return (await send(port, { method: "POST", path: "/books", headers, body })).status;
  };
  assert.equal(await post('{"title":"Dune","copies":3}'), 200);
  assert.equal(witness.seen[0]?.body?.toString(), '{"title":"Dune","copies":3}');
  assert.equal(await post('{"copies":11}'), 403);
  assert.equal(await post('{"copies":3}', token(READER)), 403);
  assert.equal(await post('{"copies":3}', token(CLERK), "text/plain"), 403);
  assert.equal(await post('{"copies":'), 400);
  assert.equal(await post(`{"copies":3,"pad":"${"x".repeat(5000)}"}`), 403);
  assert.equal(witness.seen.length, 1);
});

test("says everywhere that it runs dry, lets denials pass and refuses what it cannot read", async (t) => {
  const { port, witness, regent, statusOrigin } = await startShop(t, {
    extAuthz: { entrypoint: "shop/authz/decision", dryRun: true },
  });
  assert.equal((await send(port, { path: "/shelves/7/books" })).status, 200);
  assert.equal((await send(port, { path: "/%zz" })).status, 400);
  assert.equal(witness.seen.length, 1);
  assert.match(regent.log(), /DRY RUN/);
  const told = (await (await fetch(`${statusOrigin}/status`)).json()) as JsonObject;
  assert.equal(told.dryRun, true);
});

const LIBRARY = `package library.authz

default allow := false

allow if {
	input.parsed_path == ["library.Library", "Borrow"]
	input.attributes.request.http.headers["content-type"] == "application/grpc"
	input.parsed_body.shelf == "SCIENCE"
	to_number(object.get(input.parsed_body, "copies", "0")) <= 3
	input.truncated_body == false
}
`;

const PROTO = `syntax = "proto3"; package library;
enum Shelf { NONE = 0; SCIENCE = 1; }
message Loan { string title = 1; int64 copies = 2; Shelf shelf = 3; }`;

/** The same messages and services, as protoc would describe them. */
const DESCRIPTORS = descriptorSet([
  {
    name: "library.proto",
    package: "library",
    syntax: "proto3",
    enumType: [
      {
        name: "Shelf",
        value: [
          { name: "NONE", number: 0 },
          { name: "SCIENCE", number: 1 },
        ],
      },
    ],
    messageType: [
      message({
        name: "Loan",
        fields: {
          1: { name: "title", type: "string" },
          2: { name: "copies", type: "int64" },
          3: { name: "shelf", type: "enum:.library.Shelf" },
        },
      }),
    ],
    service: [
      {
        name: "Library",
        method: ["Borrow", "Return"].map((name) => ({
          name,
          inputType: ".library.Loan",
          outputType: ".library.Loan",
        })),
      },
    ],
  },
]);

const LOAN = protobuf.parse(PROTO).root.lookupType("library.Loan");
const same = (bytes: Buffer) => bytes;

/** A server that gives each loan back, and remembers its title. */
async function startLibrary(t: TestContext): Promise<{ port: number; titles: string[] }> {
  const titles: string[] = [];
  const server = new Server();
  for (const method of ["Borrow", "Return"]) {
    server.register(
      `/library.Library/${method}`,
      (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
        titles.push((LOAN.decode(call.request) as unknown as { title: string }).title);
        answer(null, call.request);
      },
      same,
      same,
      "unary",
    );
  }
  t.after(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, titles };
}

test("decides by the message of a gRPC call", async (t) => {
  const library = await startLibrary(t);
  const { port } = await startCheckStack(t, {
    sources: { "library.rego": LIBRARY },
    extAuthz: { entrypoint: "library/authz/allow", protoDescriptor: "library.pb" },
    files: { "library.pb": DESCRIPTORS },
    filter: {
      with_request_body: { max_request_bytes: 4096, allow_partial_message: true, pack_as_bytes: true },
    },
    upstream: { port: library.port, http2: true },
  });
  const client = new Client(`127.0.0.1:${port}`, ChannelCredentials.createInsecure());
  t.after(() => client.close());
  const call = (loan: JsonObject, method = "Borrow") => {
    const bytes = Buffer.from(LOAN.encode(LOAN.fromObject(loan)).finish());
    return new Promise<number>((resolve) => {
      const done = (error: ServiceError | null) => resolve(error?.code ?? status.OK);
      client.makeUnaryRequest(`/library.Library/${method}`, same, same, bytes, done);
    });
  };
  assert.equal(await call({ title: "Dune", copies: 3, shelf: "SCIENCE" }), status.OK);
  assert.equal(await call({ title: "none", shelf: "SCIENCE" }), status.OK);
  const denied: [JsonObject, string?][] = [
    [{ title: "many", copies: "9007199254740993", shelf: "SCIENCE" }],
    [{ title: "unshelved", copies: 1 }],
    [{ title: "other", copies: 1, shelf: "SCIENCE" }, "Return"],
    [{ title: "x".repeat(5000), copies: 1, shelf: "SCIENCE" }],
  ];
  for (const [loan, method] of denied) assert.equal(await call(loan, method), status.PERMISSION_DENIED);
  assert.deepEqual(library.titles, ["Dune", "none"]);
});

test("does not start with a descriptor that cannot be used, and names the file", async (t) => {
  const started = startShop(t, {
    extAuthz: { entrypoint: "shop/authz/decision", protoDescriptor: "shop.pb" },
    files: { "shop.pb": DESCRIPTORS.subarray(0, 40) },
  });
  await assert.rejects(started, /shop\.pb cannot be used/);
});
