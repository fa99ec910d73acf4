import { readFile } from "node:fs/promises";
import { SECRET_BYTES_MAX, type Secret } from "../document/secret.ts";
import { Fault } from "./error.ts";

/** A secret, or a file that holds it and is read again for each request: mounted tokens are rotated in place. */
export type SecretSource = Secret | { readonly file: string };

/** How Regent says who it is. At most one of them, as in OPA's `services[_].credentials`. */
export type ServiceCredentials =
  | { readonly kind: "bearer"; readonly token: SecretSource; readonly scheme?: string }
  | {
      readonly kind: "clientTls";
      readonly certFile: string;
      readonly keyFile: string;
      readonly passphrase?: Secret;
    };

/** The value now. @throws Fault that names the file */
export async function revealNow(source: SecretSource): Promise<string> {
  if ("reveal" in source) return source.reveal();
  let bytes: Buffer;
  try {
    bytes = await readFile(source.file);
  } catch (error) {
    throw new Fault(
      "credentials",
      `the token file ${source.file} cannot be read: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  if (bytes.length > SECRET_BYTES_MAX)
    throw new Fault("credentials", `the token file ${source.file} is larger than ${SECRET_BYTES_MAX} bytes`);
  const value = bytes.toString("utf8").trim();
  if (value === "") throw new Fault("credentials", `the token file ${source.file} is empty`);
  return value;
}

/** The headers that carry credentials in a request. */
export async function credentialHeaders(
  credentials: ServiceCredentials | undefined,
): Promise<{ readonly [name: string]: string }> {
  if (credentials?.kind !== "bearer") return {};
  return { authorization: `${credentials.scheme ?? "Bearer"} ${await revealNow(credentials.token)}` };
}
