import { hasControlCharacter } from "../../exchange/header-rules.ts";
import type { JsonValue } from "../../exchange/json.ts";
import type { HeaderValueOption, Init } from "../codec.ts";
import type { Verdict } from "./response.ts";

/**
 * Objects and lists inside of each other in dynamic metadata. Envoy reads messages a hundred deep and each of these takes
 * three; what is deeper makes the whole answer a failed call, which Envoy may be told to let pass.
 */
export const METADATA_DEPTH_MAX = 30;

/** Fields that say where a message ends. Envoy carries them beside its own, and the upstream can then see two requests. */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/**
 * Why a verdict cannot go out as it is; undefined when it can. Texts of requests get into headers and metadata of
 * policies, and Envoy writes line ends in headers of an answer to the client as they stand. What Envoy refuses by itself
 * is left to it.
 */
export function unsendable({ ok, denied, metadata }: Verdict): string | undefined {
  const fields = [...(ok?.headers ?? []), ...(ok?.responseHeadersToAdd ?? []), ...(denied?.headers ?? [])];
  const broken = fields.map(nameOf).find(hasControlCharacter) ?? fields.find(isBroken)?.header?.key;
  if (broken !== undefined) return `the header ${JSON.stringify(broken)} holds a control character`;
  const framing = ok?.headers?.map(nameOf).find((name) => FRAMING.has(name));
  if (framing !== undefined) return `the header ${framing} of a request cannot be set`;
  return metadata !== undefined && isDeeper(metadata, METADATA_DEPTH_MAX)
    ? `dynamic_metadata is nested deeper than ${METADATA_DEPTH_MAX}`
    : undefined;
}

function nameOf({ header }: Init<HeaderValueOption>): string {
  return (header?.key ?? "").toLowerCase();
}

function isBroken({ header }: Init<HeaderValueOption>): boolean {
  return hasControlCharacter(header?.value ?? "");
}

/** It goes no deeper than it has to. */
function isDeeper(value: JsonValue, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((member: JsonValue) => isDeeper(member, levels - 1));
}
