import { createHash, createHmac } from "node:crypto";

/** A request as it reached, or would reach, AWS. */
export type Signed = {
  readonly method: string;
  readonly host: string;
  /** Without a query. */
  readonly path: string;
  readonly body: Buffer;
};

/** What an `authorization` header of Signature Version 4 says, and the signature that would be right. */
export type CheckedSignature = {
  readonly id: string;
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly expected: string;
};

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/;

/**
 * Signature Version 4 step by step, as AWS describes it.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function checkSignature(
  { method, host, path, body }: Signed,
  headers: ReadonlyMap<string, string>,
  secret: string,
): CheckedSignature {
  const found = AUTHORIZATION.exec(headers.get("authorization") ?? "");
  if (found === null) throw new Error(`no signature: ${headers.get("authorization")}`);
  const [, id = "", scope = "", names = "", signature = ""] = found;
  const signedHeaders = names.split(";");
  const canonical = [
    method,
    // Every segment is encoded once more, except for S3.
    path.split("/").map(encodeURIComponent).join("/"),
    "",
    ...signedHeaders.map((name) => `${name}:${name === "host" ? host : headers.get(name)}`),
    "",
    names,
    sha256(body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", headers.get("x-amz-date"), scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<Buffer | string>((from, part) => hmac(from, part), `AWS4${secret}`);
  return { id, scope, signedHeaders, signature, expected: hmac(key, text).toString("hex") };
}

function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer | string, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
