import { RegentError } from "../../exchange/errors.ts";

/**
 * AWS takes a signature in the query in the place of that in the headers
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html): with it a caller would bring an
 * account of its own past the registry.
 *
 * @param query without the question mark
 * @throws RegentError credentials_invalid
 */
export function checkQuery(query: string): void {
  for (const name of new URLSearchParams(query).keys())
    if (name.toLowerCase().startsWith(SIGNATURE_PREFIX))
      throw new RegentError(
        "credentials_invalid",
        "Send the API key in the header authorization: a signature in the query is that of an account of AWS.",
      );
}

const SIGNATURE_PREFIX = "x-amz-";
