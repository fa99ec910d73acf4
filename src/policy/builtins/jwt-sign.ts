import { createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { JsonObject } from "../../exchange/json.ts";
import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { marshalJson } from "./json.ts";
import { parseJson } from "./json-text.ts";
import { ALGORITHMS, PSS, parseJwks } from "./jwt-keys.ts";
import { parseObject } from "./jwt-token.ts";
import { objectAt, stringAt } from "./operands.ts";

export const signBuiltins: readonly HostBuiltin[] = [
  {
    name: "io.jwt.encode_sign",
    call: (args) =>
      encodeSign(
        marshalJson(objectAt(args, 0)),
        marshalJson(objectAt(args, 1)),
        marshalJson(objectAt(args, 2)),
      ),
  },
  {
    name: "io.jwt.encode_sign_raw",
    call: (args) => encodeSign(stringAt(args, 0), stringAt(args, 1), stringAt(args, 2)),
  },
];

/** A signed token in compact form, of a header and a payload as they are and a JWK. */
function encodeSign(header: string, payload: string, jwk: string): string {
  const [key] = parseJwks(jwk);
  if (key === undefined) throw new BuiltinError("no keys found in JWK set");
  const fields = parseObject(header);
  const algorithm = fields.get("alg");
  if (typeof algorithm !== "string" || !ALGORITHMS.has(algorithm))
    throw new BuiltinError("unknown JWS algorithm");
  const typ = fields.get("typ");
  if (typeof typ !== "string" || typ === "JWT") parseJson(payload);
  const signed = `${base64Url(header)}.${base64Url(payload)}`;
  return `${signed}.${signatureOf(algorithm, key, Buffer.from(signed)).toString("base64url")}`;
}

function base64Url(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

function signatureOf(algorithm: string, jwk: JsonObject, data: Buffer): Buffer {
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith("HS")) {
    if (jwk.kty !== "oct" || typeof jwk.k !== "string")
      throw new BuiltinError("the JWK is not a symmetric key");
    return createHmac(hash, Buffer.from(jwk.k, "base64url")).update(data).digest();
  }
  const key = privateKeyOf(jwk);
  const type = key.asymmetricKeyType;
  if (algorithm.startsWith("RS") && type === "rsa") return sign(hash, data, key);
  if (algorithm.startsWith("PS") && type === "rsa")
    return sign(hash, data, { key, padding: PSS.padding, saltLength: Number(algorithm.slice(2)) / 8 });
  if (algorithm.startsWith("ES") && type === "ec")
    return sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
  if (algorithm === "EdDSA" && type === "ed25519") return sign(null, data, key);
  throw new BuiltinError("the JWK is of another type than the algorithm");
}

function privateKeyOf(jwk: JsonObject): KeyObject {
  try {
    return createPrivateKey({ key: jwk as unknown as Record<string, string>, format: "jwk" });
  } catch (error) {
    throw new BuiltinError(`failed to parse a JWK: ${String(error)}`, { cause: error });
  }
}
