import { awsBuiltins } from "./aws.ts";
import type { HostBuiltin } from "./builtin.ts";
import { castBuiltins } from "./casts.ts";
import { cryptoBuiltins } from "./crypto.ts";
import { encodingBuiltins } from "./encoding.ts";
import { globBuiltins } from "./glob.ts";
import { graphBuiltins } from "./graph.ts";
import { graphqlBuiltins } from "./graphql.ts";
import { jsonBuiltins } from "./json.ts";
import { jsonSchemaBuiltins } from "./json-schema.ts";
import { jwtBuiltins } from "./jwt.ts";
import { netBuiltins } from "./net.ts";
import { numberBuiltins } from "./numbers.ts";
import { objectBuiltins } from "./object.ts";
import { regexBuiltins } from "./regex.ts";
import { runtimeBuiltins } from "./runtime.ts";
import { semverBuiltins } from "./semver.ts";
import { sprintfBuiltins } from "./sprintf.ts";
import { stringBuiltins } from "./strings.ts";
import { templateBuiltins } from "./template.ts";
import { timeBuiltins } from "./time.ts";
import { unitBuiltins } from "./units.ts";
import { uriBuiltins } from "./uri.ts";
import { uuidBuiltins } from "./uuid.ts";
import { x509Builtins } from "./x509.ts";
import { yamlBuiltins } from "./yaml.ts";

const FAMILIES: readonly (readonly HostBuiltin[])[] = [
  awsBuiltins,
  castBuiltins,
  cryptoBuiltins,
  encodingBuiltins,
  globBuiltins,
  graphBuiltins,
  graphqlBuiltins,
  jsonBuiltins,
  jsonSchemaBuiltins,
  jwtBuiltins,
  netBuiltins,
  numberBuiltins,
  objectBuiltins,
  regexBuiltins,
  runtimeBuiltins,
  semverBuiltins,
  sprintfBuiltins,
  stringBuiltins,
  templateBuiltins,
  timeBuiltins,
  unitBuiltins,
  uriBuiltins,
  uuidBuiltins,
  x509Builtins,
  yamlBuiltins,
];

/** Every builtin that the host supplies, by name. */
export const HOST_BUILTINS: ReadonlyMap<string, HostBuiltin> = new Map(
  FAMILIES.flat().map((builtin) => [builtin.name, builtin]),
);
