import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { AwsV4Signer } from "aws4fetch";
import { SECRET_BYTES_MAX, type Secret } from "../document/secret.ts";
import { Fault } from "./error.ts";

/** Where the keys of AWS's Signature Version 4 come from; read for each request, so that rotated ones are in use. */
export type AwsKeys =
  | {
      readonly from: "explicit";
      readonly accessKeyId: Revealed;
      readonly secretAccessKey: Revealed;
      readonly sessionToken?: Revealed;
    }
  /** AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (or AWS_SECURITY_TOKEN), AWS_REGION. */
  | { readonly from: "environment" }
  /** A credentials file of AWS: `~/.aws/credentials` and its profile `default` unless said otherwise. */
  | { readonly from: "profile"; readonly file?: string; readonly profile?: string };

type Revealed = Pick<Secret, "reveal">;

export type AwsSigning = {
  readonly keys: AwsKeys;
  /** AWS_REGION unless said otherwise. */
  readonly region?: string;
  /** The name of the service in the signature; `s3` unless said otherwise, as in OPA. */
  readonly service?: string;
};

type Environment = { readonly [name: string]: string | undefined };
type Keys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/**
 * The headers that sign a request: SigV4 over method, path, query, host and the digest of the body.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @throws Fault `credentials` that names what is missing
 */
export async function awsHeaders(
  signing: AwsSigning,
  request: { readonly method: string; readonly url: URL; readonly body: Buffer | undefined },
  environment: Environment = process.env,
): Promise<{ readonly [name: string]: string }> {
  const region = signing.region ?? environment.AWS_REGION;
  if (region === undefined || region === "")
    throw missing("AWS_REGION is not set and no region is configured");
  const keys = await keysOf(signing.keys, environment);
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url.href,
    headers: {
      "x-amz-content-sha256": createHash("sha256")
        .update(request.body ?? "")
        .digest("hex"),
    },
    service: signing.service ?? "s3",
    region,
    ...keys,
  });
  const { headers } = await signer.sign();
  return Object.fromEntries(headers);
}

async function keysOf(keys: AwsKeys, environment: Environment): Promise<Keys> {
  switch (keys.from) {
    case "explicit":
      return keysFrom(keys.accessKeyId.reveal(), keys.secretAccessKey.reveal(), keys.sessionToken?.reveal());
    case "environment":
      for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        if ((environment[name] ?? "") === "") throw missing(`the environment variable ${name} is not set`);
      return keysFrom(
        environment.AWS_ACCESS_KEY_ID ?? "",
        environment.AWS_SECRET_ACCESS_KEY ?? "",
        environment.AWS_SESSION_TOKEN ?? environment.AWS_SECURITY_TOKEN,
      );
    case "profile":
      return profileKeys(
        keys.file ?? environment.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), ".aws", "credentials"),
        keys.profile ?? environment.AWS_PROFILE ?? "default",
      );
  }
}

function keysFrom(accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined): Keys {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

async function profileKeys(file: string, profile: string): Promise<Keys> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    throw missing(`the credentials file ${file} cannot be read: ${(error as Error).message}`, error);
  }
  if (text.length > SECRET_BYTES_MAX)
    throw missing(`the credentials file ${file} is larger than ${SECRET_BYTES_MAX} bytes`);
  const values = sectionOf(text.toString("utf8"), profile);
  const id = values.get("aws_access_key_id");
  const secret = values.get("aws_secret_access_key");
  if (id === undefined || secret === undefined)
    throw missing(`${file} has no aws_access_key_id and aws_secret_access_key in [${profile}]`);
  return keysFrom(id, secret, values.get("aws_session_token"));
}

/** The values of one section of an INI file. */
function sectionOf(text: string, name: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/).map((raw) => raw.trim())) {
    const header = /^\[\s*(.*?)\s*\]$/.exec(line);
    const [key, ...rest] = line.split("=");
    if (header !== null) section = header[1] ?? "";
    else if (section === name && rest.length > 0 && !/^[#;]/.test(line))
      values.set((key ?? "").trim().toLowerCase(), rest.join("=").trim());
  }
  return values;
}

function missing(message: string, cause?: unknown): Fault {
  return new Fault("credentials", message, { cause });
}
