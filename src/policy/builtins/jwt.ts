import { type BuiltinContext, BuiltinError, type HostBuiltin } from "./builtin.ts";
import { compareNumbers } from "./decimal.ts";
import { decodeBase64Url } from "./encoding.ts";
import { type VerificationKey, verificationKeys, verifySignature } from "./jwt-keys.ts";
import { signBuiltins } from "./jwt-sign.ts";
import {
  decodeHeader,
  decodeObject,
  parseObject,
  readHeader,
  signedText,
  splitToken,
  type Token,
} from "./jwt-token.ts";
import { objectAt, stringAt } from "./operands.ts";
import { trimEnd, trimStart } from "./trim.ts";
import { isArray, isNumber, numberFrom, numberText, type RegoObject, type RegoValue } from "./value.ts";

const ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const SYMMETRIC = ["HS256", "HS384", "HS512"];

export const jwtBuiltins: readonly HostBuiltin[] = [
  { name: "io.jwt.decode", call: (args) => decode(stringAt(args, 0)) },
  {
    name: "io.jwt.decode_verify",
    call: (args, context) => decodeVerify(stringAt(args, 0), objectAt(args, 1), context),
  },
  ...ASYMMETRIC.map((algorithm) => ({
    name: `io.jwt.verify_${algorithm.toLowerCase()}`,
    call: (args: readonly RegoValue[]) => verifyWithKeys(algorithm, stringAt(args, 0), stringAt(args, 1)),
  })),
  ...SYMMETRIC.map((algorithm) => ({
    name: `io.jwt.verify_${algorithm.toLowerCase()}`,
    call: (args: readonly RegoValue[]) => {
      const token = splitToken(stringAt(args, 0));
      const secret = Buffer.from(stringAt(args, 1), "utf8");
      return verifySignature(algorithm, secret, signedText(token), decodeBase64Url(token.signature));
    },
  })),
  ...signBuiltins,
];

const QUOTES = "\"'";

/** Header, payload and signature (hex), nothing checked. A token inside the token is decoded instead. */
function decode(text: string): RegoValue {
  const token = splitToken(text);
  const header = decodeHeader(token);
  const payload = decodeBase64Url(token.payload).toString("utf8");
  if (header.get("cty") === "JWT") return decode(trimStart(trimEnd(payload, QUOTES), QUOTES));
  return [header, parseObject(payload), decodeBase64Url(token.signature).toString("hex")];
}

function verifyWithKeys(algorithm: string, text: string, keyText: string): boolean {
  const token = splitToken(text);
  const keys = verificationKeys(keyText);
  const signature = decodeBase64Url(token.signature);
  const { alg, kid } = readHeader(decodeHeader(token));
  return candidates(keys, kid, alg).some(({ key }) =>
    verifySignature(algorithm, key, signedText(token), signature),
  );
}

/** The key that the token names, or else every key that is not for another algorithm. */
function candidates(keys: readonly VerificationKey[], kid: string, alg: string): readonly VerificationKey[] {
  const named = kid === "" ? undefined : keys.find(({ id }) => id === kid);
  return named === undefined
    ? keys.filter(({ algorithm }) => algorithm === "" || algorithm === alg)
    : [named];
}

type Constraints = {
  readonly keys: readonly VerificationKey[] | undefined;
  readonly secret: string;
  readonly alg: string;
  readonly iss: string;
  readonly aud: string;
  readonly timeNs: number;
};

const UNVERIFIED: RegoValue = [false, new Map(), new Map()];

/**
 * Verifies the signature and the registered claims: `[true, header, payload]`, or `[false, {}, {}]` when something
 * does not hold. A token that cannot be read, and constraints that make no sense, are builtin errors.
 */
function decodeVerify(text: string, constraintObject: RegoObject, context: BuiltinContext): RegoValue {
  const constraints = parseConstraints(constraintObject, context);
  for (let token = splitToken(text); ; ) {
    const header = decodeHeader(token);
    const { alg, kid, cty, critical } = readHeader(header);
    if (alg === "" || critical) return UNVERIFIED;
    if (constraints.alg !== "" && constraints.alg !== alg) return UNVERIFIED;
    if (!verifyToken(token, alg, kid, constraints)) return UNVERIFIED;
    if (cty.toUpperCase() === "JWT") {
      token = splitToken(decodeBase64Url(token.payload).toString("utf8"));
      continue;
    }
    const payload = decodeObject(token.payload);
    return claimsHold(payload, constraints) ? [true, header, payload] : UNVERIFIED;
  }
}

function verifyToken(token: Token, alg: string, kid: string, { keys, secret }: Constraints): boolean {
  const signature = decodeBase64Url(token.signature);
  const usable = keys === undefined ? [{ key: Buffer.from(secret, "utf8") }] : candidates(keys, kid, alg);
  return usable.some(({ key }) => verifySignature(alg, key, signedText(token), signature));
}

function parseConstraints(object: RegoObject, context: BuiltinContext): Constraints {
  const known = new Set<RegoValue>(["cert", "secret", "alg", "iss", "aud", "time"]);
  for (const key of object.keys())
    if (!known.has(key)) throw new BuiltinError(`unknown token validation constraint: ${String(key)}`);
  const text = (name: string): string => {
    const value = object.get(name) ?? "";
    if (typeof value !== "string") throw new BuiltinError(`${name} constraint: must be a string`);
    return value;
  };
  const secret = text("secret");
  const certificate = text("cert");
  if (object.has("cert") && secret !== "") throw new BuiltinError("duplicate key constraints");
  if (!object.has("cert") && secret === "") throw new BuiltinError("no key constraint");
  const keys = object.has("cert") ? verificationKeys(certificate) : undefined;
  return {
    keys,
    secret,
    alg: text("alg"),
    iss: text("iss"),
    aud: text("aud"),
    timeNs: timeOf(object, context),
  };
}

function timeOf(object: RegoObject, context: BuiltinContext): number {
  const time = object.get("time");
  if (time === undefined) return Number(context.nowNs());
  const value = time !== null && isNumber(time) ? Number(numberText(time)) : Number.NaN;
  if (!(value >= 0)) throw new BuiltinError("token time constraint: must be a number and not negative");
  return value;
}

/** RFC 7519, 4.1: issuer, audience, expiry, not before. */
function claimsHold(payload: RegoObject, { iss, aud, timeNs }: Constraints): boolean {
  if (iss !== "" && payload.get("iss") !== iss) return false;
  const audience = payload.get("aud");
  if (audience === undefined ? aud !== "" : !isAudience(audience, aud)) return false;
  const now = numberFrom(String(timeNs / 1e9));
  const exp = timeClaim(payload, "exp");
  if (exp !== undefined && compareNumbers(now, exp) >= 0) return false;
  const nbf = timeClaim(payload, "nbf");
  return nbf === undefined || compareNumbers(now, nbf) >= 0;
}

function isAudience(audience: RegoValue, wanted: string): boolean {
  return isArray(audience) ? audience.includes(wanted) : audience === wanted;
}

function timeClaim(payload: RegoObject, name: string): ReturnType<typeof numberFrom> | undefined {
  const value = payload.get(name);
  if (value === undefined) return undefined;
  if (value === null || !isNumber(value)) throw new BuiltinError(`${name} value must be a number`);
  return value;
}
