import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { parseUrl, splitHost, type Url, UrlParseError } from "./go/url.ts";
import { stringAt } from "./operands.ts";
import type { RegoObject } from "./value.ts";

export const uriBuiltins: readonly HostBuiltin[] = [
  {
    name: "uri.is_valid",
    call: ([value]) => typeof value === "string" && value !== "" && tryParse(value) !== undefined,
  },
  {
    name: "uri.parse",
    call: (args) => {
      const url = tryParse(stringAt(args, 0));
      if (url === undefined) throw new BuiltinError("invalid URI");
      return describe(url);
    },
  },
];

function tryParse(text: string): Url | undefined {
  try {
    return parseUrl(text);
  } catch (error) {
    if (error instanceof UrlParseError) return undefined;
    throw error;
  }
}

/** The parts that are there. With a path comes the path as it was written. */
function describe(url: Url): RegoObject {
  const { hostname, port } = splitHost(url.host);
  const parts: [string, string][] = [
    ["scheme", url.scheme],
    ["hostname", hostname],
    ["port", port],
    ["path", url.path],
    ["raw_path", url.rawPath === "" ? url.path : url.rawPath],
    ["raw_query", url.rawQuery],
    ["fragment", url.fragment],
  ];
  return new Map(parts.filter(([, value]) => value !== ""));
}
