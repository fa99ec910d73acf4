import { z } from "zod";
import type { Fault, FaultAt, FaultPath } from "./fault.ts";
import { nearest } from "./nearest.ts";

type Issue = z.core.$ZodIssue;

/** Without the length of a text that stands in place of a list: that it is no list says it all. */
export function withoutConsequences(issues: readonly Issue[]): readonly Issue[] {
  const ofWrongType = new Set(
    issues.filter(({ code }) => code === "invalid_type").map(({ path }) => JSON.stringify(path)),
  );
  const isBound = ({ code }: Issue) => code === "too_small" || code === "too_big";
  return issues.filter((issue) => !isBound(issue) || !ofWrongType.has(JSON.stringify(issue.path)));
}

/** What a zod schema found, as faults a person can act on: what is allowed, and what was probably meant. */
export function issueFaults(issue: Issue, raw: unknown, schema: z.ZodType, faultAt: FaultAt): Fault[] {
  switch (issue.code) {
    case "unrecognized_keys": {
      const allowed = fieldsAt(schema, issue.path);
      return issue.keys.map((key) =>
        faultAt([...issue.path, key], "unknown-field", `unknown field; ${suggestion(key, allowed)}`),
      );
    }
    case "invalid_union": {
      const branch = issue.errors.find(fitsInKind);
      if (branch === undefined) {
        const missing = valueAt(raw, issue.path) === undefined;
        return [faultAt(issue.path, missing ? "missing-field" : "value", issue.message)];
      }
      return branch.flatMap((inner) =>
        issueFaults({ ...inner, path: [...issue.path, ...inner.path] }, raw, schema, faultAt),
      );
    }
    case "invalid_value": {
      const allowed = issue.values.map(String);
      const given = valueAt(raw, issue.path);
      if (given === undefined) return [faultAt(issue.path, "missing-field", `required; ${oneOf(allowed)}`)];
      const meant = typeof given === "string" ? nearest(given, allowed) : undefined;
      const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
      return [faultAt(issue.path, "value", `${oneOf(allowed)}${hint}`)];
    }
    case "invalid_type": {
      const given = valueAt(raw, issue.path);
      if (given === undefined && issue.path.length > 0) {
        return [faultAt(issue.path, "missing-field", `required (${article(issue.expected)})`)];
      }
      // Of two numbers the kind does not tell what is wrong with one.
      const found = typeof given === "number" && issue.expected === "int" ? given : kindOf(given);
      return [faultAt(issue.path, "type", `must be ${article(issue.expected)}, not ${found}`)];
    }
    case "too_small":
    case "too_big": {
      return [faultAt(issue.path, "value", boundOf(issue))];
    }
    default:
      return [faultAt(issue.path, "value", lowerFirst(issue.message))];
  }
}

type SizeIssue = Extract<Issue, { readonly code: "too_small" | "too_big" }>;

/** What zod says of its own accord about a bound, in plain words; what a schema says is left as it is. */
function boundOf(issue: SizeIssue): string {
  if (!/^Too (small|big): /.test(issue.message)) return lowerFirst(issue.message);
  const [limit, side] = issue.code === "too_small" ? [issue.minimum, "at least"] : [issue.maximum, "at most"];
  if (issue.origin === "string") {
    return side === "at least" && limit === 1 ? "must not be empty" : `must have ${side} ${limit} characters`;
  }
  return issue.origin === "array" ? `must have ${side} ${limit} entries` : `must be ${side} ${limit}`;
}

/** The branch of a union that was meant: the one whose kind fits, so that only its members are wrong. */
function fitsInKind(issues: readonly Issue[]): boolean {
  return issues.every((issue) => issue.path.length > 0 || issue.code === "unrecognized_keys");
}

function suggestion(key: string, allowed: readonly string[]): string {
  const meant = nearest(key, allowed);
  return meant === undefined
    ? `allowed here: ${allowed.join(", ") || "nothing"}`
    : `did you mean "${meant}"?`;
}

function oneOf(allowed: readonly string[]): string {
  return allowed.length === 1 ? `must be ${allowed[0]}` : `must be one of ${allowed.join(", ")}`;
}

const ARTICLES = new Map([
  ["object", "a map"],
  ["record", "a map"],
  ["array", "a list"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["null", "empty"],
]);

function article(kind: string): string {
  return ARTICLES.get(kind) ?? `a ${kind}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  return article(Array.isArray(value) ? "array" : typeof value);
}

function valueAt(raw: unknown, path: FaultPath): unknown {
  let value = raw;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as { readonly [key: PropertyKey]: unknown })[step];
  }
  return value;
}

type SchemaNode = {
  readonly properties?: { readonly [key: string]: SchemaNode };
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | false;
  readonly anyOf?: readonly SchemaNode[];
};

/** The fields that a schema knows at a path, read from its JSON schema. */
function fieldsAt(schema: z.ZodType, path: FaultPath): string[] {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as SchemaNode;
  let nodes = unfold(root);
  for (const step of path) {
    nodes = nodes.flatMap((node) => {
      const named = node.properties?.[String(step)] ?? node.additionalProperties;
      const next = typeof step === "number" ? node.items : named;
      return next === undefined || next === false ? [] : unfold(next);
    });
  }
  return nodes.flatMap((node) => Object.keys(node.properties ?? {}));
}

function unfold(node: SchemaNode): SchemaNode[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(unfold);
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
