import { resolve } from "node:path";
import { z } from "zod";
import type { CrossCheck } from "../../document/document.ts";
import type { FaultPath } from "../../document/fault.ts";
import { type SecretReference, secretSchema } from "../../document/secret.ts";
import { parseDurationMs } from "../../document/units.ts";
import type { AwsKeys, SecretSource, ServiceCredentials, ServiceOptions } from "../../services/index.ts";
import type { SecretAt } from "./secrets.ts";
import { durationText, required } from "./values.ts";

/** A service takes part in a few of bundles, decision logs and status; more is a generated file gone wrong. */
const SERVICES_MAX = 100;

const path = z.string().min(1);

const credentialsSchema = z
  .strictObject({
    bearer: z
      .strictObject({
        token: secretSchema.describe("Read again for each request when it is a file"),
        scheme: z
          .string()
          .regex(/^[!#$%&'*+.^_`|~\w-]+$/, "must be a token such as Bearer")
          .default("Bearer")
          .describe("Word before the token"),
      })
      .optional(),
    clientTls: z
      .strictObject({
        certFile: path.describe("Client certificate, PEM; a rotated one is taken up"),
        keyFile: path.describe("Its private key, PEM"),
        passphrase: secretSchema.optional().describe("Of the private key"),
      })
      .optional(),
    s3Signing: z
      .strictObject({
        region: path.optional().describe("`AWS_REGION` when left out"),
        service: path.default("s3").describe("Name of the AWS service in the signature"),
        accessKeyId: secretSchema
          .optional()
          .describe("With `secretAccessKey`; the environment's `AWS_*` when both and `profile` are left out"),
        secretAccessKey: secretSchema.optional().describe("The secret of that key"),
        sessionToken: secretSchema.optional().describe("Of temporary keys"),
        profile: z
          .strictObject({
            file: path.optional().describe("Credentials file of AWS; `~/.aws/credentials` when left out"),
            name: path.optional().describe("Its section; `default` when left out"),
          })
          .optional(),
      })
      .optional(),
    oauth2: z
      .strictObject({
        tokenUrl: z
          .string()
          .regex(/^https:\/\/|^http:\/\/(?:localhost|127\.|\[::1\])/, "must be an https:// URL")
          .describe("Where tokens are asked for"),
        clientId: path.describe("Who asks"),
        clientSecret: secretSchema.describe("Its secret"),
        scopes: z.array(path).default([]).describe("What is asked for"),
      })
      .optional(),
  })
  .optional();

/** A header in clear text, or a secret. */
const headerValue = z.union([
  secretSchema,
  z.string().refine((text) => !text.includes("${"), "a variable is written alone, as the whole value"),
]);

/** HTTP services that bundles, decision logs and status name. */
export const servicesSection = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9][\w.-]{0,62}$/, "must be 1 to 63 letters, digits, dots, dashes and underscores")
        .describe("How others name it"),
      url: z
        .string()
        .regex(
          /^https?:\/\/[^\s@/?#]+(?:\/[^\s?#]*)?$/,
          "must be an http:// or https:// URL without credentials and query",
        )
        .describe("What its resources are below"),
      headers: z
        .record(z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/), headerValue)
        .default({})
        .describe("Sent with every request; a value may be a secret"),
      responseHeaderTimeout: durationText(1, 600_000)
        .default("10s")
        .describe("How long it may take until its answer begins"),
      allowInsecureTls: z
        .boolean()
        .default(false)
        .describe("Believe any certificate. For trying things out only"),
      tls: z
        .strictObject({
          caFile: path
            .optional()
            .describe("CAs of the service, PEM, in place of the system's; a changed file is taken up"),
          systemCaRequired: z.boolean().default(false).describe("The system's CAs too"),
        })
        .optional(),
      credentials: credentialsSchema,
    }),
  )
  .max(SERVICES_MAX)
  .default([]);

export type ServicesDocument = z.output<typeof servicesSection>;

/** The secrets that are read when the configuration is loaded, by their place. Files of tokens are read when they are used. */
export function serviceSecrets(services: ServicesDocument): (readonly [FaultPath, SecretReference])[] {
  return services.flatMap(({ headers, credentials }, index) => {
    const at = (...rest: FaultPath): FaultPath => ["services", index, ...rest];
    const { bearer, clientTls, s3Signing, oauth2 } = credentials ?? {};
    const entries: (readonly [FaultPath, string | SecretReference | undefined])[] = [
      ...Object.entries(headers).map(([name, value]) => [at("headers", name), value] as const),
      [at("credentials", "bearer", "token"), bearer?.token.kind === "env" ? bearer.token : undefined],
      [at("credentials", "clientTls", "passphrase"), clientTls?.passphrase],
      [at("credentials", "s3Signing", "accessKeyId"), s3Signing?.accessKeyId],
      [at("credentials", "s3Signing", "secretAccessKey"), s3Signing?.secretAccessKey],
      [at("credentials", "s3Signing", "sessionToken"), s3Signing?.sessionToken],
      [at("credentials", "oauth2", "clientSecret"), oauth2?.clientSecret],
    ];
    return entries.flatMap(([place, value]) =>
      value === undefined || typeof value === "string" ? [] : [[place, value] as const],
    );
  });
}

/** What the services room takes. */
export function servicesFrom(
  services: ServicesDocument,
  baseDir: string,
  secretAt: SecretAt,
): readonly ServiceOptions[] {
  return services.map(
    ({ name, url, headers, responseHeaderTimeout, allowInsecureTls, tls, credentials }, index) => {
      const at = (...rest: FaultPath): FaultPath => ["services", index, ...rest];
      const used = credentialsFrom(credentials, baseDir, (...rest) => secretAt(at("credentials", ...rest)));
      return {
        name,
        url,
        headers: Object.fromEntries(
          Object.entries(headers).map(([header, value]) => [
            header,
            typeof value === "string" ? value : secretAt(at("headers", header)),
          ]),
        ),
        responseHeaderTimeoutMs: required(parseDurationMs(responseHeaderTimeout)),
        allowInsecureTls,
        ...(tls === undefined
          ? {}
          : {
              tls: {
                systemCaRequired: tls.systemCaRequired,
                ...(tls.caFile === undefined ? {} : { caFile: resolve(baseDir, tls.caFile) }),
              },
            }),
        ...(used === undefined ? {} : { credentials: used }),
      };
    },
  );
}

function credentialsFrom(
  credentials: ServicesDocument[number]["credentials"],
  baseDir: string,
  secretAt: (...path: FaultPath) => ReturnType<SecretAt>,
): ServiceCredentials | undefined {
  const { bearer, clientTls, s3Signing, oauth2 } = credentials ?? {};
  if (bearer !== undefined) {
    const { token, scheme } = bearer;
    const source: SecretSource =
      token.kind === "file" ? { file: resolve(baseDir, token.path) } : secretAt("bearer", "token");
    return { kind: "bearer", token: source, scheme };
  }
  if (clientTls !== undefined) {
    const { certFile, keyFile, passphrase } = clientTls;
    return {
      kind: "clientTls",
      certFile: resolve(baseDir, certFile),
      keyFile: resolve(baseDir, keyFile),
      ...(passphrase === undefined ? {} : { passphrase: secretAt("clientTls", "passphrase") }),
    };
  }
  if (s3Signing !== undefined) {
    const { region, service } = s3Signing;
    const keys = awsKeysFrom(s3Signing, baseDir, (name) => secretAt("s3Signing", name));
    return { kind: "s3Signing", keys, service, ...(region === undefined ? {} : { region }) };
  }
  if (oauth2 === undefined) return undefined;
  const { tokenUrl, clientId, scopes } = oauth2;
  return { kind: "oauth2", tokenUrl, clientId, scopes, clientSecret: secretAt("oauth2", "clientSecret") };
}

type S3Signing = NonNullable<NonNullable<ServicesDocument[number]["credentials"]>["s3Signing"]>;

function awsKeysFrom(
  { accessKeyId, sessionToken, profile }: S3Signing,
  baseDir: string,
  secretAt: (name: string) => ReturnType<SecretAt>,
): AwsKeys {
  if (accessKeyId !== undefined)
    return {
      from: "explicit",
      accessKeyId: secretAt("accessKeyId"),
      secretAccessKey: secretAt("secretAccessKey"),
      ...(sessionToken === undefined ? {} : { sessionToken: secretAt("sessionToken") }),
    };
  if (profile === undefined) return { from: "environment" };
  return {
    from: "profile",
    ...(profile.file === undefined ? {} : { file: resolve(baseDir, profile.file) }),
    ...(profile.name === undefined ? {} : { profile: profile.name }),
  };
}

/** Files that the services name, for the check that they are there. */
export function serviceFiles(services: ServicesDocument): (readonly [FaultPath, string | undefined])[] {
  return services.flatMap(({ tls, credentials }, index) => {
    const at = (...rest: FaultPath): FaultPath => ["services", index, ...rest];
    const token = credentials?.bearer?.token;
    return [
      [at("tls", "caFile"), tls?.caFile],
      [at("credentials", "bearer", "token"), token?.kind === "file" ? token.path : undefined],
      [at("credentials", "clientTls", "certFile"), credentials?.clientTls?.certFile],
      [at("credentials", "clientTls", "keyFile"), credentials?.clientTls?.keyFile],
      [at("credentials", "s3Signing", "profile", "file"), credentials?.s3Signing?.profile?.file],
    ] as const;
  });
}

const servicesOnly = z.object({ services: servicesSection });

/** Names apart, one way to authenticate, and parts of one that belong together. */
export const servicesCheck: CrossCheck = (raw, faultAt) => {
  const parsed = servicesOnly.safeParse(raw);
  if (!parsed.success) return [];
  const { services } = parsed.data;
  return services.flatMap(({ name, url, credentials = {} }, index) => {
    const at = (...rest: FaultPath): FaultPath => ["services", index, ...rest];
    const faults = [];
    if (services.findIndex((other) => other.name === name) < index)
      faults.push(faultAt(at("name"), "duplicate", "another service has this name"));
    const kinds = Object.keys(credentials);
    if (kinds.length > 1)
      faults.push(
        faultAt(
          at("credentials"),
          "value",
          `only one kind of credentials counts, not ${kinds.join(" and ")}`,
        ),
      );
    if (credentials.clientTls !== undefined && url.startsWith("http:"))
      faults.push(
        faultAt(at("credentials", "clientTls"), "value", "a client certificate needs an https:// URL"),
      );
    const s3 = credentials.s3Signing;
    if (s3 !== undefined && (s3.accessKeyId === undefined) !== (s3.secretAccessKey === undefined))
      faults.push(
        faultAt(at("credentials", "s3Signing"), "value", "accessKeyId and secretAccessKey belong together"),
      );
    if (s3?.accessKeyId !== undefined && s3.profile !== undefined)
      faults.push(
        faultAt(
          at("credentials", "s3Signing"),
          "value",
          "the keys are those of a profile, or written here: not both",
        ),
      );
    return faults;
  });
};
