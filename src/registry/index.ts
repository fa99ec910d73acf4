export { type FollowedSecrets, followSecrets, type SecretStatus } from "./follow-secrets.ts";
export { createRegistry, parseRegistry, type Registry } from "./registry.ts";
export { type DeclaredVersion, parseVersions } from "./versions.ts";
