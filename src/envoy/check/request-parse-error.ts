/**
 * A request that cannot be read as the input document of a policy. opa-envoy-plugin answers it with a denial of its own,
 * whatever the policy says.
 */
export class RequestParseError extends Error {
  override readonly name = "RequestParseError";
}
