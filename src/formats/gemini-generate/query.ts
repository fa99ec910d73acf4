import { RegentError } from "../../exchange/errors.ts";
import { invalid } from "../members.ts";

/**
 * Google's system parameters (https://cloud.google.com/apis/docs/system-parameters), with and without the dollar sign.
 * Keys are refused: queries stand in access logs, and this one would be shown to policy and to the upstream. So is what
 * makes an answer something else than was governed: another encoding, or only a part of it; and what stands for a header, a
 * method or a body, because the ones that were governed would not count.
 *
 * @param query without the question mark
 * @throws RegentError credentials_invalid for a key, body_invalid for an answer that could not be read
 */
export function checkQuery(query: string): void {
  for (const [parameter, value] of new URLSearchParams(query)) {
    const name = parameter.replace(/^\$/, "").toLowerCase();
    if (KEYS.has(name))
      throw new RegentError(
        "credentials_invalid",
        "Send the API key in the header x-goog-api-key: a key in the query ends up in logs.",
      );
    if (REPLACING.has(name)) throw invalid("The query says what headers, method and body say");
    if (RESHAPING.has(name) || (name === "alt" && !ANSWERS.has(value)))
      throw invalid("The query asks for an answer in a form that is not read here");
  }
}

const KEYS: ReadonlySet<string> = new Set(["key", "access_token", "oauth_token", "api_key", "apikey"]);

/** A padded, wrapped or partial answer. */
const RESHAPING: ReadonlySet<string> = new Set(["callback", "fields", "xgafv", ".xgafv"]);

/** Query parameters that Google reads in the place of headers (an account or a key among them), of the method and of the body. */
const REPLACING: ReadonlySet<string> = new Set(["ct", "httpheaders", "httpmethod", "req", "userproject"]);

/** Values of `alt`; with numbers for enumerations is how Google's generated clients ask. */
const ANSWERS: ReadonlySet<string> = new Set(["json", "sse", "json;enum-encoding=int", ""]);
