import { createHash, createHmac } from "node:crypto";
import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { compareStrings } from "./compare.ts";
import { parseUrl, requestPath, type Url, UrlParseError } from "./go/url.ts";
import { marshalJson } from "./json.ts";
import { numberAt, objectAt } from "./operands.ts";
import { isObject, numberText, type RegoNumber, type RegoObject, type RegoValue } from "./value.ts";

export const awsBuiltins: readonly HostBuiltin[] = [
  {
    name: "providers.aws.sign_req",
    call: (args) => signRequest(objectAt(args, 0), objectAt(args, 1), numberAt(args, 2)),
  },
];

/** The members that a request may have: those of `http.send`. */
const REQUEST_KEYS: ReadonlySet<RegoValue> = new Set([
  ...["method", "url", "body", "enable_redirect", "force_json_decode", "force_yaml_decode", "headers"],
  ...["raw_body", "tls_use_system_certs", "tls_ca_cert", "tls_ca_cert_file", "tls_ca_cert_env_variable"],
  ...["tls_client_cert", "tls_client_cert_file", "tls_client_cert_env_variable", "tls_client_key"],
  ...["tls_client_key_file", "tls_client_key_env_variable", "tls_insecure_skip_verify", "tls_server_name"],
  ...["timeout", "cache", "force_cache", "force_cache_duration_seconds", "raise_error", "caching_mode"],
  ...["max_retry_attempts", "cache_ignored_headers"],
]);

/** What a proxy may change on the way is not signed. */
const UNSIGNED_HEADERS = new Set(["authorization", "user-agent", "x-amzn-trace-id"]);

type Credentials = {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly service: string;
  readonly sessionToken: string;
  readonly payloadUnsigned: boolean;
};

/**
 * A request with the headers of AWS Signature Version 4 added.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function signRequest(request: RegoObject, config: RegoObject, timeNs: RegoNumber): RegoObject {
  const credentials = credentialsOf(config);
  const time = timestampOf(timeNs);
  const { method, url } = requestLine(request);
  const headers = headersOf(request.get("headers"));
  const contentHash = credentials.payloadUnsigned ? "UNSIGNED-PAYLOAD" : sha256(bodyOf(request));
  const own = ownHeaders(credentials, url, time, contentHash);
  const signed = new Map([...own, ...signedOf(headers)].sort(([a], [b]) => compareStrings(a, b)));
  const names = [...signed.keys()].join(";");
  const lines = [...signed].map(([name, value]) => `${name}:${value}\n`).join("");
  const canonical = `${method}\n${requestPath(url)}\n${url.rawQuery}\n${lines}\n${names}\n${contentHash}`;
  const authorization = authorize(credentials, time, names, canonical);
  const all = new Map<RegoValue, RegoValue>([...headers, ["Authorization", authorization], ...own]);
  return new Map([...request, ["headers", all]]);
}

function authorize(
  { accessKey, secretKey, region, service }: Credentials,
  time: string,
  signedHeaders: string,
  canonicalRequest: string,
): string {
  const date = time.slice(0, 8);
  const scope = `${date}/${region}/${service}/aws4_request`;
  const parts = [date, region, service, "aws4_request"];
  const key = parts.reduce<Buffer>(hmac, Buffer.from(`AWS4${secretKey}`, "utf8"));
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonicalRequest)}`);
  return `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${signedHeaders},Signature=${signature.toString("hex")}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function credentialsOf(config: RegoObject): Credentials {
  const required = (name: string): string => {
    const value = config.get(name);
    if (typeof value !== "string")
      throw new BuiltinError(`operand 2 must have the AWS config parameter ${name} as a string`);
    return value;
  };
  const unsigned = config.get("disable_payload_signing") ?? false;
  if (typeof unsigned !== "boolean")
    throw new BuiltinError("operand 2 invalid value for 'disable_payload_signing' in AWS config");
  return {
    service: required("aws_service"),
    accessKey: required("aws_access_key"),
    secretKey: required("aws_secret_access_key"),
    region: required("aws_region"),
    sessionToken: textOf(config.get("aws_session_token")),
    payloadUnsigned: unsigned,
  };
}

/** What is no string counts as empty. */
function textOf(value: RegoValue | undefined): string {
  return typeof value === "string" ? value : "";
}

const INT64_MAX = 2n ** 63n - 1n;

/** The basic format of ISO 8601 in UTC, to the second. */
function timestampOf(timeNs: RegoNumber): string {
  const text = numberText(timeNs);
  const ns = /^-?\d+$/.test(text) ? BigInt(text) : undefined;
  if (ns === undefined || ns > INT64_MAX || ns < -INT64_MAX - 1n)
    throw new BuiltinError("operand 3 could not convert time_ns value into a unix timestamp");
  // Rounded down, also before 1970.
  const ms = Number((ns - (((ns % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");
}

function requestLine(request: RegoObject): { readonly method: string; readonly url: Url } {
  for (const key of request.keys())
    if (!REQUEST_KEYS.has(key)) throw new BuiltinError(`operand 1 invalid request parameter ${String(key)}`);
  const method = request.get("method");
  const url = request.get("url");
  if (typeof method !== "string" || typeof url !== "string")
    throw new BuiltinError("operand 1 must have the request parameters method and url as strings");
  try {
    return { method, url: parseUrl(url) };
  } catch (error) {
    if (error instanceof UrlParseError) throw new BuiltinError(error.message, { cause: error });
    throw error;
  }
}

function headersOf(headers: RegoValue | undefined): readonly [string, string][] {
  if (headers === undefined) return [];
  if (!isObject(headers)) throw new BuiltinError("operand 1 must have headers that are an object");
  return [...headers].map(([name, value]) => [textOf(name), textOf(value)]);
}

function signedOf(headers: readonly [string, string][]): readonly [string, string][] {
  return headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !UNSIGNED_HEADERS.has(name));
}

function ownHeaders(
  { service, sessionToken }: Credentials,
  { host }: Url,
  time: string,
  contentHash: string,
): readonly [string, string][] {
  const headers: [string, string][] = [
    ["host", host],
    ["x-amz-date", time],
  ];
  if (service === "s3" || service === "glacier") headers.push(["x-amz-content-sha256", contentHash]);
  if (sessionToken !== "") headers.push(["x-amz-security-token", sessionToken]);
  return headers;
}

function bodyOf(request: RegoObject): string {
  const raw = request.get("raw_body");
  if (raw !== undefined) return textOf(raw);
  const body = request.get("body");
  return body === undefined ? "" : marshalJson(body);
}
