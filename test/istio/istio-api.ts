import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { parseAllDocuments } from "yaml";

/** The Go module with Istio's own schemas. Its version is that of the Istio whose output the fixtures are. */
const MODULE = "istio.io/api@v1.31.1";

/** The folder of the module in Go's cache; undefined where Go is absent. @throws Error when Go cannot fetch it. */
export function istioApi(): string | undefined {
  const run = spawnSync("go", ["mod", "download", "-json", MODULE], { encoding: "utf8", cwd: "/" });
  if (run.error !== undefined) return undefined;
  const { Dir, Error: fault } = JSON.parse(run.stdout) as { Dir?: string; Error?: string };
  if (Dir === undefined) throw new Error(`${MODULE} cannot be fetched: ${fault ?? run.stderr}`);
  return Dir;
}

type Schema = { readonly [key: string]: unknown };
type Definition = {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
};

/** Istio's own checks of the `spec` of its objects, by `apiVersion/kind`, unknown fields being faults. */
export function specValidators(apiFolder: string): ReadonlyMap<string, ValidateFunction> {
  const text = readFileSync(join(apiFolder, "kubernetes", "customresourcedefinitions.gen.yaml"), "utf8");
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const definitions = parseAllDocuments(text).map((document) => document.toJS() as Definition | null);
  const validators = definitions.flatMap((definition) =>
    (definition?.spec.versions ?? []).map(({ name, schema }) => {
      const { group, names } = (definition as Definition).spec;
      const { spec } = schema.openAPIV3Schema.properties as { spec: Schema };
      return [`${group}/${name}/${names.kind}`, ajv.compile(closed(spec))] as const;
    }),
  );
  return new Map(validators);
}

/** The schema with every object closed that the API server would prune: a misspelt field is dropped there silently. */
function closed(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema as { [key: string]: Schema | undefined };
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties !== undefined;
  return {
    ...schema,
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: closed(additionalProperties) }
      : {}),
    ...(properties === undefined
      ? {}
      : { properties: mapped(properties), ...(open ? {} : { additionalProperties: false }) }),
  };
}

function mapped(properties: Schema): Schema {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, closed(schema as Schema)]),
  );
}

/** The JSON names of the fields of a message of the mesh configuration, from the generated Go type. */
export function meshFields(apiFolder: string, message: string): ReadonlySet<string> {
  const source = readFileSync(join(apiFolder, "mesh", "v1alpha1", "config.pb.go"), "utf8");
  const struct = new RegExp(`^type ${message} struct \\{\\n([\\s\\S]*?)^\\}`, "m").exec(source)?.[1];
  if (struct === undefined) throw new Error(`the mesh configuration has no ${message}`);
  return new Set(
    [...struct.matchAll(/protobuf:"[^"]*?name=(\w+)(?:,json=(\w+))?/g)].map(
      ([, name, json]) => json ?? (name as string),
    ),
  );
}
