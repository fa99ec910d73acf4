import { RegentError } from "../../exchange/errors.ts";
import type { HeaderField } from "../../exchange/headers.ts";
import type { KeyPlace, Target } from "../../exchange/model.ts";
import type { Rooms } from "../rooms.ts";

/** The request that goes to a target, as far as a signature covers it. */
export type SignedRequest = {
  readonly method: string;
  readonly host: string;
  /** With its query. */
  readonly path: string;
  readonly body: Buffer | undefined;
};

/** The version of Anthropic's API that is asked for where nobody asked for one. */
export const ANTHROPIC_VERSION = "2023-06-01";

/**
 * The headers by which a target knows that it may answer: its key where it looks for one, or AWS's
 * signature over the request as it leaves. Empty where the registry has neither.
 *
 * @throws RegentError config_mismatch when a request cannot be signed
 */
export async function credentialsFor(
  target: Target,
  request: SignedRequest,
  sign: Rooms["sign"],
): Promise<readonly HeaderField[]> {
  if (target.aws !== undefined) return signed(target.aws, request, sign);
  if (target.key === undefined) return [];
  const key = target.key.reveal();
  const place = target.keyAs ?? usualPlace(target);
  return [place === "bearer" ? ["authorization", `Bearer ${key}`] : [place, key]];
}

/** Where servers look that are of this kind. */
function usualPlace({ format, vertex, azure }: Target): KeyPlace {
  if (vertex !== undefined) return "bearer";
  if (azure !== undefined) return "api-key";
  switch (format) {
    case "anthropic-messages":
      return "x-api-key";
    case "gemini-generate":
      return "x-goog-api-key";
    default:
      return "bearer";
  }
}

async function signed(
  aws: NonNullable<Target["aws"]>,
  { method, host, path, body }: SignedRequest,
  sign: Rooms["sign"],
): Promise<readonly HeaderField[]> {
  // The scheme is no part of the signature.
  const url = URL.parse(`https://${host}${path}`);
  if (url === null)
    throw new RegentError(
      "config_mismatch",
      "Envoy names no host that a request to AWS could be signed for.",
    );
  const headers = await sign(aws, { method, url, body });
  return Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
}
