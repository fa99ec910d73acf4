import { ARN_PATTERN } from "../../formats/arn.ts";
import { FORMATS } from "../../formats/index.ts";
import { note, type Yaml } from "./note.ts";
import { pathPattern } from "./path-pattern.ts";

/** The rule by whose name Envoy's own answer is recognised. */
export const HIDDEN_SLASH_RULE = "regent_hidden_slash";

/** Paths in which a slash may be escaped: those of endpoints that take ARNs, with an ARN. */
export function arnPathPattern(): string {
  const endpoints = Object.values(FORMATS).flatMap((format) => format.endpoints);
  const paths = endpoints.flatMap(({ takesArns, path }) => (takesArns === true ? [path] : []));
  return pathPattern(paths, ARN_PATTERN);
}

/**
 * Refuses what Envoy's `path_with_escaped_slashes_action: REJECT_REQUEST` would, except for ARNs: that setting knows no
 * exceptions. Paths come here normalised, and are compared without their queries.
 */
export function plainPaths(): Yaml {
  const path = (matcher: Yaml): Yaml => ({ url_path: { path: matcher } });
  const hidden = ["%2f", "%5c"].map((mark) => path({ contains: mark, ignore_case: true }));
  const rules = [
    { or_rules: { rules: hidden } },
    { not_rule: path({ safe_regex: { regex: arnPathPattern() } }) },
  ];
  return note(
    "Escaped slashes are slashes to some servers and none to others, so they are refused. The names of AWS's models have\n" +
      "them: these alone pass, and Regent reads them as Envoy does.",
    {
      name: "regent.plain_paths",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
        rules: {
          action: "DENY",
          policies: {
            [HIDDEN_SLASH_RULE]: {
              permissions: [{ and_rules: { rules } }],
              principals: [{ any: true }],
            },
          },
        },
      },
    },
  );
}
