import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The JSON schema (2020-12) of the configuration file, as text: what `regent schema` prints and schema/ holds. */
export function renderJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(configSchema, { io: "input" }), null, 2)}\n`;
}
