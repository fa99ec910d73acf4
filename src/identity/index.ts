export {
  type ApiKey,
  type ApiKeyFile,
  hashApiKey,
  parseApiKeys,
} from "./api-keys.ts";
export { createIdentifier, type Identifier, type IdentityOptions } from "./identifier.ts";
export type { SpiffeRule } from "./spiffe.ts";
