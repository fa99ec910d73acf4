import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import type { JsonDocument } from "../../wire/json/index.ts";
import type { RequestDescription } from "../format.ts";
import { invalid } from "../members.ts";
import { countOf } from "../tfserving/layout.ts";
import { shapeReading } from "../tfserving/shape.ts";
import { instancesOf } from "./request.ts";

/** @throws RegentError body_invalid */
export function describeRequest(document: JsonDocument): RequestDescription {
  const { value } = document;
  if (!isJsonObject(value)) throw invalid("The body must be a JSON object");
  const instances = instancesOf(value);
  const [first] = Array.isArray(instances) ? (instances as readonly JsonValue[]) : [instances];
  return {
    toolCalls: [],
    details: {
      instances: countOf(instances),
      row_kind: kindOf(first),
      shape: isJsonObject(first) ? null : shapeReading(instances),
    },
  };
}

/** What a row is, in the words of Python, which the servers of this dialect are written in. */
function kindOf(row: JsonValue | undefined): string | null {
  if (row === undefined || row === null) return null;
  if (Array.isArray(row)) return "list";
  if (typeof row === "string") return "str";
  if (typeof row === "boolean") return "bool";
  if (typeof row === "number") return Number.isInteger(row) ? "int" : "float";
  return "object";
}
