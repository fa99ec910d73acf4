import { renderJson } from "../builtins/render-json.ts";
import { readYaml } from "../builtins/yaml/read.ts";

/**
 * A YAML file of data at most. It is read on the thread that serves, 1 MiB in one to two seconds; JSON takes a hundredth
 * of that. More than this was not written by hand.
 */
export const YAML_BYTES_MAX = 1024 * 1024;

/** YAML as OPA reads it, as JSON text. @throws Error when it is no YAML or no JSON, or is larger than it may be */
export function yamlToJson(text: string): string {
  if (text.length > YAML_BYTES_MAX)
    throw new Error(`it is YAML of more than ${YAML_BYTES_MAX} bytes: write it as JSON`);
  return renderJson(readYaml(text, () => {}));
}
