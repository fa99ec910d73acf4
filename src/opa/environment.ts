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
