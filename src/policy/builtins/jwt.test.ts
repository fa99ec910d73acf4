import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { describe, test } from "node:test";
import { type BuiltinContext, BuiltinError } from "./builtin.ts";
import { HOST_BUILTINS } from "./host.ts";
import { renderJson } from "./render-json.ts";
import { parseRego, type RegoValue } from "./value.ts";

const NOW_S = 1_772_600_767;
const context: BuiltinContext = {
  nowNs: () => BigInt(NOW_S) * 1_000_000_000n,
  nondeterministic: (_, __, make) => make(),
  print: () => {},
  checkTime: () => {},
  announce: () => {},
};

/** Calls a builtin with JSON values. */
function call(name: string, ...args: readonly unknown[]): unknown {
  const builtin = HOST_BUILTINS.get(name);
  assert.ok(builtin, name);
  const values = args.map((arg) => parseRego(JSON.stringify(arg)));
  const result: RegoValue | undefined = builtin.call(values, context);
  return result === undefined ? undefined : JSON.parse(renderJson(result));
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function signedToken(header: object, payload: unknown, signature: (data: Buffer) => Buffer): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${signature(Buffer.from(signed)).toString("base64url")}`;
}

const secret = randomBytes(24).toString("hex");
const hs256 = (header: object, payload: unknown, key = secret): string =>
  signedToken({ alg: "HS256", ...header }, payload, (data) =>
    createHmac("sha256", key).update(data).digest(),
  );

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }) as string;

const claims = { sub: "alice", exp: NOW_S + 60 };
const UNVERIFIED = [false, {}, {}];
const verify = (token: string, constraints: object) => call("io.jwt.decode_verify", token, constraints);

describe("io.jwt.decode", () => {
  test("gives header, payload and signature without judging them", () => {
    const token = hs256({ typ: "JWT" }, { a: 1.1 });
    const [, , signature] = token.split(".");
    assert.deepEqual(call("io.jwt.decode", token), [
      { alg: "HS256", typ: "JWT" },
      { a: 1.1 },
      Buffer.from(signature ?? "", "base64url").toString("hex"),
    ]);
  });

  test("opens a token inside a token", () => {
    const inner = hs256({}, { who: "inner" });
    const [, payload] = call("io.jwt.decode", hs256({ cty: "JWT" }, `"${inner}"`)) as unknown[];
    assert.deepEqual(payload, { who: "inner" });
  });

  test("is a builtin error for what is no token", () => {
    const tokens = [
      "",
      "a.b",
      "a.b.c.d",
      "!.!.!",
      `${encode("[]")}.${encode({})}.`,
      `${encode({})}.${encode("x")}.`,
    ];
    for (const token of [...tokens, `${encode({ enc: "A128GCM" })}.${encode({})}.`])
      assert.throws(() => call("io.jwt.decode", token), BuiltinError, token);
  });
});

describe("io.jwt.decode_verify with a secret", () => {
  test("accepts a good token and gives its header and payload", () => {
    assert.deepEqual(verify(hs256({ kid: "k" }, claims), { secret }), [
      true,
      { alg: "HS256", kid: "k" },
      claims,
    ]);
    assert.deepEqual(verify(hs256({}, claims), { secret, alg: "HS256" }), [true, { alg: "HS256" }, claims]);
  });

  test("rejects another secret, a changed payload, a cut or missing signature", () => {
    const token = hs256({}, claims);
    const [header, , signature] = token.split(".");
    const forged = `${header}.${encode({ ...claims, sub: "mallory" })}.${signature}`;
    for (const bad of [forged, token.slice(0, -4), `${token.slice(0, token.lastIndexOf("."))}.`])
      assert.deepEqual(verify(bad, { secret }), UNVERIFIED);
    assert.deepEqual(verify(token, { secret: `${secret}x` }), UNVERIFIED);
  });

  test("rejects tokens without an algorithm, with none, or with another than required", () => {
    const none = `${encode({ alg: "none" })}.${encode(claims)}.`;
    const without = `${encode({})}.${encode(claims)}.`;
    for (const token of [none, without]) assert.deepEqual(verify(token, { secret }), UNVERIFIED);
    assert.deepEqual(verify(hs256({}, claims), { secret, alg: "HS512" }), UNVERIFIED);
    assert.deepEqual(verify(hs256({ alg: "RS256" }, claims), { secret }), UNVERIFIED);
  });

  test("rejects a critical parameter that it does not know", () => {
    assert.deepEqual(verify(hs256({ crit: ["b64"], b64: false }, claims), { secret }), UNVERIFIED);
    assert.deepEqual((verify(hs256({ crit: ["b64"] }, claims), { secret }) as unknown[])[0], true);
    assert.throws(() => verify(hs256({ crit: [] }, claims), { secret }), BuiltinError);
  });

  test("holds expiry and not-before to the second, against the evaluation's time or the one given", () => {
    const at = (payload: object, constraints: object = {}) =>
      (verify(hs256({}, payload), { secret, ...constraints }) as unknown[])[0];
    assert.equal(at({ exp: NOW_S }), false);
    assert.equal(at({ exp: NOW_S + 1 }), true);
    assert.equal(at({ nbf: NOW_S }), true);
    assert.equal(at({ nbf: NOW_S + 1 }), false);
    assert.equal(at({ exp: NOW_S }, { time: (NOW_S - 1) * 1e9 }), true);
    assert.equal(at({ nbf: NOW_S }, { time: 0 }), false);
    for (const wrong of [{ exp: "tomorrow" }, { nbf: null }]) assert.throws(() => at(wrong), BuiltinError);
    for (const time of [-1, "now", null]) assert.throws(() => at({}, { time }), BuiltinError);
  });

  test("holds issuer and audience to what is required", () => {
    const at = (payload: object, constraints: object) =>
      (verify(hs256({}, payload), { secret, ...constraints }) as unknown[])[0];
    assert.equal(at({ iss: "a" }, { iss: "a" }), true);
    assert.equal(at({ iss: "b" }, { iss: "a" }), false);
    assert.equal(at({}, { iss: "a" }), false);
    assert.equal(at({ aud: "x" }, { aud: "x" }), true);
    assert.equal(at({ aud: ["y", "x"] }, { aud: "x" }), true);
    assert.equal(at({ aud: ["y"] }, { aud: "x" }), false);
    assert.equal(at({}, { aud: "x" }), false);
    assert.equal(at({ aud: "x" }, {}), false, "an audience that nobody asked for is not ours");
  });

  test("is a builtin error for constraints that make no sense", () => {
    const token = hs256({}, claims);
    for (const constraints of [
      {},
      { secret: "" },
      { secret, audience: "x" },
      { secret, cert: pem(rsa.publicKey) },
      { secret: 1 },
      { secret, alg: 1 },
    ])
      assert.throws(() => verify(token, constraints), BuiltinError, JSON.stringify(constraints));
  });
});

describe("io.jwt.decode_verify with keys", () => {
  const rs256 = (header: object = {}): string =>
    signedToken({ alg: "RS256", ...header }, claims, (data) => sign("sha256", data, rsa.privateKey));
  const es256 = signedToken({ alg: "ES256" }, claims, (data) =>
    sign("sha256", data, { key: ec.privateKey, dsaEncoding: "ieee-p1363" }),
  );
  const eddsa = signedToken({ alg: "EdDSA" }, claims, (data) => sign(null, data, ed.privateKey));
  const jwk = (key: KeyObject, extra: object = {}) => ({ ...key.export({ format: "jwk" }), ...extra });
  const set = (...keys: object[]): string => JSON.stringify({ keys });
  const verified = (token: string, cert: string) => (verify(token, { cert }) as unknown[])[0];

  test("accepts RSA, EC and Ed25519 keys as PEM, JWK and in a set", () => {
    for (const [token, key] of [
      [rs256(), rsa.publicKey],
      [es256, ec.publicKey],
      [eddsa, ed.publicKey],
    ] as const) {
      assert.equal(verified(token, pem(key)), true);
      assert.equal(verified(token, JSON.stringify(jwk(key))), true);
      assert.equal(verified(token, set(jwk(rsa.publicKey), jwk(ec.publicKey), jwk(ed.publicKey))), true);
    }
  });

  test("does not take a public key for a secret", () => {
    const confused = hs256({}, claims, pem(rsa.publicKey));
    assert.equal(verified(confused, pem(rsa.publicKey)), false);
    assert.equal(verified(confused, JSON.stringify(jwk(rsa.publicKey))), false);
  });

  test("uses the key that the token names, and only that one", () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keys = set(jwk(other.publicKey, { kid: "old" }), jwk(rsa.publicKey, { kid: "new" }));
    assert.equal(verified(rs256({ kid: "new" }), keys), true);
    assert.equal(verified(rs256({ kid: "old" }), keys), false);
    assert.equal(verified(rs256({ kid: "unknown" }), keys), true);
  });

  test("passes over keys that are for another algorithm", () => {
    assert.equal(verified(rs256(), set(jwk(rsa.publicKey, { alg: "PS256" }))), false);
    assert.equal(verified(rs256(), set(jwk(rsa.publicKey, { alg: "RS256" }))), true);
    assert.equal(verified(rs256(), set(jwk(rsa.publicKey, { alg: "RSA-OAEP" }))), false);
  });

  test("is a builtin error for keys that cannot be read", () => {
    for (const cert of [
      "",
      "{",
      "[]",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      set({ kty: "FOO" }),
    ])
      assert.throws(() => verify(rs256(), { cert }), BuiltinError, cert);
  });

  test("verifies signatures alone, each algorithm with its own builtin", () => {
    assert.equal(call("io.jwt.verify_rs256", rs256(), pem(rsa.publicKey)), true);
    assert.equal(call("io.jwt.verify_ps256", rs256(), pem(rsa.publicKey)), false);
    assert.equal(call("io.jwt.verify_es256", es256, pem(ec.publicKey)), true);
    assert.equal(call("io.jwt.verify_es256", rs256(), pem(rsa.publicKey)), false);
    assert.equal(call("io.jwt.verify_eddsa", eddsa, pem(ed.publicKey)), true);
    assert.equal(call("io.jwt.verify_hs256", hs256({}, claims), secret), true);
    assert.equal(call("io.jwt.verify_hs256", hs256({}, claims), "other"), false);
    assert.equal(call("io.jwt.verify_hs512", hs256({}, claims), secret), false);
  });
});

describe("io.jwt.encode_sign", () => {
  const k = Buffer.from(secret).toString("base64url");

  test("makes tokens that verify, with every family of algorithms", () => {
    const cases: [string, object, string][] = [
      ["HS256", { kty: "oct", k }, JSON.stringify({ kty: "oct", k })],
      ["RS384", rsa.privateKey.export({ format: "jwk" }), pem(rsa.publicKey)],
      ["PS512", rsa.privateKey.export({ format: "jwk" }), pem(rsa.publicKey)],
      ["ES256", ec.privateKey.export({ format: "jwk" }), pem(ec.publicKey)],
      ["EdDSA", ed.privateKey.export({ format: "jwk" }), pem(ed.publicKey)],
    ];
    for (const [alg, privateKey, cert] of cases) {
      const token = call("io.jwt.encode_sign", { alg, typ: "JWT" }, claims, privateKey);
      assert.deepEqual(verify(token as string, { cert }), [true, { alg, typ: "JWT" }, claims], alg);
    }
    assert.equal(
      call(
        "io.jwt.encode_sign_raw",
        '{"alg":"HS256"}',
        '{"sub": "alice"}',
        JSON.stringify({ kty: "oct", k }),
      ),
      signedToken({ alg: "HS256" }, '{"sub": "alice"}', (data) =>
        createHmac("sha256", secret).update(data).digest(),
      ),
    );
  });

  test("is a builtin error without an algorithm that it knows, with a key of another type, or a payload that is no JSON", () => {
    const key = { kty: "oct", k };
    for (const header of [{}, { alg: "none" }, { alg: "RS256" }, { alg: 1 }])
      assert.throws(() => call("io.jwt.encode_sign", header, claims, key), BuiltinError);
    assert.throws(() => call("io.jwt.encode_sign", { alg: "HS256" }, claims, { keys: [] }), BuiltinError);
    assert.throws(
      () => call("io.jwt.encode_sign_raw", '{"alg":"HS256","typ":"JWT"}', "plain", JSON.stringify(key)),
      BuiltinError,
    );
    assert.match(
      call(
        "io.jwt.encode_sign_raw",
        '{"alg":"HS256","typ":"text/plain"}',
        "plain",
        JSON.stringify(key),
      ) as string,
      /^\S+\.\S+\.\S+$/,
    );
  });
});
