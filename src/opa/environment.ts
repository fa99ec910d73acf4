import type { Fault } from "../document/fault.ts";

export type Environment = { readonly [name: string]: string | undefined };

/** From `${` to the next `}` of the same line. */
const REFERENCE = /\$\{([^\n]*?)\}/g;

/**
 * Replaces `${NAME}` by the value of the environment variable, in the text of the file as OPA does it: before it is
 * parsed, comments and all. A variable that is not set leaves its reference as it stands.
 * @see https://www.openpolicyagent.org/docs/configuration#using-environment-variables-in-configuration
 */
export function substituteEnvironment(text: string, environment: Environment): string {
  return text.replace(REFERENCE, (reference, name: string) =>
    name === "" ? "" : (environment[name] ?? reference),
  );
}

/** A warning for each reference to a variable that is not set: the text `${NAME}` itself becomes the token or the URL. */
export function unsetWarnings(text: string, file: string, environment: Environment): readonly Fault[] {
  return text.split("\n").flatMap((line, index) =>
    line.trimStart().startsWith("#")
      ? []
      : [...line.matchAll(REFERENCE)]
          .filter(([, name = ""]) => name !== "" && environment[name] === undefined)
          .map(({ 0: reference, index: at }) => ({
            ...{ file, line: index + 1, column: at + 1, path: "" },
            ...{ code: "config/environment", severity: "warning" as const },
            message: `${reference} stays as it is, as in OPA: the environment variable is not set`,
          })),
  );
}
