import { resolve } from "node:path";
import { Secret } from "../document/secret.ts";
import type { ServiceCredentials, ServiceOptions } from "../services/index.ts";
import type { OpaDocument } from "./schema.ts";
import { isGiven } from "./values.ts";

/** The services of a checked document, as the room of services takes them. Credentials are closed here. */
export function servicesOf({ services }: OpaDocument, cwd: string): readonly ServiceOptions[] {
  const named = Array.isArray(services)
    ? services.map((service) => [service.name, service] as const)
    : Object.entries(services);
  return named.map(([name, service]) => {
    const { tls, credentials } = service;
    const ca = isGiven(tls?.ca_cert) ? tls.ca_cert : credentials?.client_tls?.ca_cert;
    const systemCa = tls?.system_ca_required ?? credentials?.client_tls?.system_ca_required ?? false;
    const timeout = service.response_header_timeout_seconds;
    const credentialsGiven = credentialsOf(credentials, cwd);
    return {
      name,
      url: service.url,
      ...(service.headers === undefined ? {} : { headers: service.headers }),
      ...(isGiven(ca) || systemCa
        ? { tls: { ...(isGiven(ca) ? { caFile: resolve(cwd, ca) } : {}), systemCaRequired: systemCa } }
        : {}),
      ...(service.allow_insecure_tls === true ? { allowInsecureTls: true } : {}),
      ...(timeout === undefined ? {} : { responseHeaderTimeoutMs: timeout * 1000 }),
      ...(credentialsGiven === undefined ? {} : { credentials: credentialsGiven }),
    };
  });
}

type Credentials = Extract<OpaDocument["services"], readonly unknown[]>[number]["credentials"];

function credentialsOf(credentials: Credentials, cwd: string): ServiceCredentials | undefined {
  const { bearer, client_tls, oauth2, s3_signing } = credentials ?? {};
  if (bearer !== undefined)
    return {
      kind: "bearer",
      token: isGiven(bearer.token)
        ? new Secret(bearer.token)
        : { file: resolve(cwd, bearer.token_path ?? "") },
      ...(isGiven(bearer.scheme) ? { scheme: bearer.scheme } : {}),
    };
  if (client_tls !== undefined) {
    const { cert = "", private_key = "", private_key_passphrase: passphrase } = client_tls;
    return {
      kind: "clientTls",
      certFile: resolve(cwd, cert),
      keyFile: resolve(cwd, private_key),
      ...(isGiven(passphrase) ? { passphrase: new Secret(passphrase) } : {}),
    };
  }
  if (oauth2 !== undefined)
    return {
      kind: "oauth2",
      tokenUrl: oauth2.token_url ?? "",
      clientId: oauth2.client_id ?? "",
      clientSecret: new Secret(oauth2.client_secret ?? ""),
      ...(oauth2.scopes === undefined ? {} : { scopes: oauth2.scopes }),
    };
  return s3_signing === undefined ? undefined : s3Signing(s3_signing, cwd);
}

function s3Signing(
  { environment_credentials: environment, profile_credentials: profile, service }: S3Signing,
  cwd: string,
): ServiceCredentials {
  const signed = { kind: "s3Signing" as const, ...(isGiven(service) ? { service } : {}) };
  // OPA asks the environment first, so it does where both are named.
  if (environment !== undefined || profile === undefined) return { ...signed, keys: { from: "environment" } };
  return {
    ...signed,
    keys: {
      from: "profile",
      ...(isGiven(profile.path) ? { file: resolve(cwd, profile.path) } : {}),
      ...(isGiven(profile.profile) ? { profile: profile.profile } : {}),
    },
    ...(isGiven(profile.aws_region) ? { region: profile.aws_region } : {}),
  };
}

type S3Signing = NonNullable<NonNullable<Credentials>["s3_signing"]>;
