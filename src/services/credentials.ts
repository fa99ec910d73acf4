import { readFile } from "node:fs/promises";
import { SECRET_BYTES_MAX, type Secret } from "../document/secret.ts";
import { type AwsSigning, awsHeaders } from "./aws.ts";
import type { ClientCertificate } from "./connections.ts";
import { Fault } from "./error.ts";
import type { HttpAgent } from "./http.ts";
import { createTokenHolder, type OAuth2Client } from "./oauth2.ts";

/** A secret, or a file that holds it and is read again for each request: mounted tokens are rotated in place. */
export type SecretSource = Secret | { readonly file: string };

/** How Regent says who it is. At most one of them, as in OPA's `services[_].credentials`. */
export type ServiceCredentials =
  | { readonly kind: "bearer"; readonly token: SecretSource; readonly scheme?: string }
  | ({ readonly kind: "clientTls" } & ClientCertificate)
  | ({ readonly kind: "s3Signing" } & AwsSigning)
  | ({ readonly kind: "oauth2" } & OAuth2Client);

export type AuthorizedRequest = {
  readonly method: string;
  readonly url: URL;
  readonly body: Buffer | undefined;
  readonly agent: HttpAgent;
  readonly signal: AbortSignal | undefined;
};

/** Puts credentials into requests. */
export type Authorizer = {
  /** The headers that carry them. @throws Fault `credentials` */
  headers(request: AuthorizedRequest): Promise<{ readonly [name: string]: string }>;
  /** The service answered 401: what was kept of them is not good any more. */
  refused(): void;
};

/** @throws Fault `invalid` when they cannot be used at all */
export function createAuthorizer(credentials: ServiceCredentials | undefined): Authorizer {
  const stateless = (headers: Authorizer["headers"]): Authorizer => ({ headers, refused: () => {} });
  switch (credentials?.kind) {
    case "bearer":
      return stateless(async () => ({
        authorization: `${credentials.scheme ?? "Bearer"} ${await revealNow(credentials.token)}`,
      }));
    case "s3Signing":
      return stateless((request) => awsHeaders(credentials, request));
    case "oauth2": {
      const holder = createTokenHolder(credentials);
      return {
        headers: async ({ agent, signal }) => ({
          authorization: `Bearer ${await holder.token(agent, signal)}`,
        }),
        refused: () => holder.forget(),
      };
    }
    default:
      return stateless(async () => ({}));
  }
}

/** The value now. @throws Fault that names the file */
async function revealNow(source: SecretSource): Promise<string> {
  if ("reveal" in source) return source.reveal();
  let bytes: Buffer;
  try {
    bytes = await readFile(source.file);
  } catch (error) {
    const { message } = error as Error;
    throw new Fault("credentials", `the token file ${source.file} cannot be read: ${message}`, {
      cause: error,
    });
  }
  if (bytes.length > SECRET_BYTES_MAX)
    throw new Fault("credentials", `the token file ${source.file} is larger than ${SECRET_BYTES_MAX} bytes`);
  const value = bytes.toString("utf8").trim();
  if (value === "") throw new Fault("credentials", `the token file ${source.file} is empty`);
  return value;
}
