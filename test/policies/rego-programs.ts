/**
 * Rules that reach their input in every way that Rego knows, with holes for names: `$a` to `$d` stand for members, the
 * same letter for the same one. Each is a body that binds `v`, with the rules that it needs beside it.
 */
export type Template = {
  readonly name: string;
  readonly body: string;
  readonly rules?: string;
  /** More is read than has an influence, and meant to be: an end of its reads that is left out need not show. */
  readonly wide?: true;
};

export const TEMPLATES: readonly Template[] = [
  { name: "path", body: "v := input.$a.$b" },
  { name: "bracket", body: 'v := input["$a"]["$b"]' },
  { name: "whole", body: "v := input", wide: true },
  { name: "presence", body: "_ = input.$a.$b; v := 1" },
  { name: "absence", body: "not input.$a.$b; v := 1" },
  { name: "absence of a local", body: "not missing; v := 1", rules: "missing if { x := input.$a; x.$b }" },
  { name: "doubled absence", body: "not missing; v := 1", rules: "missing if not input.$a.$b" },
  { name: "import", body: "v := alias.$b", rules: "import input.$a as alias" },
  { name: "local", body: "x := input.$a; v := x.$b" },
  { name: "local of a local", body: "x := input.$a; y := x.$b; v := y.$c" },
  { name: "unified local", body: "x = input.$a; x.$b = v" },
  { name: "array pattern", body: "[v, _] = input.$a" },
  { name: "object pattern", body: 'input.$a = {"$b": v}' },
  { name: "array of both", body: "[input.$a, input.$b.$c] = [v, w]; w" },
  { name: "computed name", body: "v := input.$a[input.$b]", wide: true },
  { name: "computed root", body: "v := input[input.$a]", wide: true },
  { name: "constant computed name", body: 'x := "$b"; v := input.$a[x]', wide: true },
  { name: "index", body: "v := input.$a[0]" },
  { name: "iteration", body: "v := {x | some x in input.$a}" },
  { name: "iteration of keys", body: "v := {k | some k, _ in input.$a}" },
  { name: "iteration below", body: "v := {x | some k; x := input.$a[k].$b}", wide: true },
  { name: "membership", body: 'v := "$a" in input.$b' },
  { name: "array comprehension", body: "v := [[k, x] | some k, x in input.$a; x != input.$b]" },
  { name: "object comprehension", body: "v := {k: x | some k, x in input.$a; not input.$b[k]}" },
  { name: "every", body: "every x in input.$a { x != input.$b.$c }; v := 1" },
  { name: "walk", body: "v := {path | walk(input.$a, [path, x]); is_string(x)}" },
  { name: "function", body: "v := f(input.$a)", rules: "f(x) := x.$b" },
  { name: "function of a function", body: "v := f(input.$a)", rules: "f(x) := g(x.$b)\n\ng(x) := x.$c" },
  { name: "function of two", body: "v := f(input.$a, input.$b)", rules: "f(x, y) := [x.$c, y.$d]" },
  { name: "function that reads", body: "v := f(input.$a)", rules: "f(x) := [x.$b, input.$c.$d]" },
  { name: "function with a pattern", body: "v := f(input.$a)", rules: 'f({"$b": x}) := x\n\nf([x]) := x' },
  { name: "function that passes on", body: "v := f(input.$a).$b", rules: "f(x) := x" },
  { name: "function of all", body: "v := f(input)", rules: "f(x) := x.$a.$b" },
  { name: "function twice", body: "v := [f(input.$a), f(input.$b)]", rules: "f(x) := x.$c", wide: true },
  { name: "rule", body: "v := r.$b", rules: "r := input.$a" },
  { name: "rule with a default", body: "v := r", rules: "default r := 7\n\nr := input.$a.$b if input.$c" },
  { name: "rule with two values", body: "v := r", rules: "r := input.$a\n\nr := input.$b" },
  { name: "rule in a loop", body: "v := r", rules: "r := x.$b if some x in input.$a" },
  {
    name: "else",
    body: "v := r",
    rules: "r := 1 if { input.$a.$b } else := input.$c if { input.$c } else := 3 if { input.$d }",
  },
  {
    name: "part of an else",
    body: "v := r.$b",
    rules: "r := input.$a if { input.$c } else := input.$d if { true }",
  },
  {
    name: "partial set",
    body: "v := r",
    rules: "r contains input.$a.$b\n\nr contains x if some x in input.$c",
  },
  { name: "partial object", body: "v := r", rules: "r[k] := x if some k, x in input.$a" },
  { name: "member of a partial object", body: "v := r.$b", rules: "r[k] := x if some k, x in input.$a" },
  { name: "nested partial object", body: "v := r", rules: "r[input.$a].$b[input.$c] := input.$d" },
  { name: "object of inputs", body: "v := o.x.$b", rules: 'o := {"x": input.$a}' },
  { name: "object of inputs, unread part", body: "v := o.x", rules: 'o := {"x": input.$a, "y": input.$b}' },
  { name: "rules by a computed path", body: "v := data.branch[input.$a]" },
  { name: "rules by a loop", body: "v := {k: x | some k, x in data.branch}" },
  { name: "rules by an open path", body: "v := {[k, n] | some k, n; data.tree[k][n]}" },
  { name: "rules and data by a computed path", body: "v := data.mixed[input.$a].value" },
  {
    name: "with input",
    body: 'v := r with input as {"$a": input.$b}',
    rules: "r := input.$a.$c",
    wide: true,
  },
  { name: "with input of input", body: "v := r with input as input.$b", rules: "r := input.$a.$c" },
  { name: "with a part", body: "v := r with input.$a as input.$c", rules: "r := input.$a.$b", wide: true },
  {
    name: "with a deep part",
    body: "v := r with input.$a.$b as 1",
    rules: "r := [input.$a, input.$b]",
    wide: true,
  },
  { name: "with a part, all of it", body: "v := r with input.$a.$b as 1", rules: "r := input", wide: true },
  {
    name: "with a part of another",
    body: "v := r with input.$a.$b as 1",
    rules: "r := input.$a.$c",
    wide: true,
  },
  { name: "with data", body: "v := r with data.other as input.$a", rules: "r := data.other.$b" },
  {
    name: "with all data",
    body: "v := r with data.other.deep as input.$a",
    rules: "r := data.other",
    wide: true,
  },
  {
    name: "with a function",
    body: "v := r with f as g",
    rules: "f(x) := x.$a\n\ng(x) := x.$b\n\nr := f(input.$c)",
  },
  { name: "with a rule", body: "v := r with s as input.$a", rules: 's := {"$b": 1}\n\nr := s.$b' },
  {
    name: "with twice",
    body: "v := q with input as input.$a",
    rules: "q := x if { x := r with input as input.$b }\n\nr := input.$c",
  },
  { name: "object.get", body: 'v := object.get(input.$a, "$b", 0)' },
  { name: "object.get of all", body: 'v := object.get(input, "$a", {})' },
  { name: "object.get of a path", body: 'v := object.get(input, ["$a", "$b"], input.$c)' },
  { name: "object.get of an open path", body: 'v := object.get(input, ["$a", input.$b], 0)', wide: true },
  { name: "object.get of its whole", body: "v := object.get(input.$a, [], 0)" },
  { name: "object.get and on", body: 'x := object.get(input, "$a", {}); v := x.$b' },
  { name: "object.get with a default part", body: 'x := object.get(input.$a, "$b", input.$c); v := x.$d' },
  { name: "type", body: "v := type_name(input.$a)" },
  { name: "types", body: "v := [is_object(input.$a), is_array(input.$a), is_string(input.$a)]; input.$b" },
  { name: "type of a local", body: "x := input.$a; is_object(x); v := x.$b" },
  { name: "builtins", body: "v := [count(input.$a), object.keys(input.$b)]" },
  { name: "removal", body: 'v := json.remove(input.$a, ["$b"])' },
  { name: "comparison", body: "v := input.$a == input.$b" },
  { name: "comparison of rules", body: "v := r == s", rules: "r := input.$a\n\ns := input.$b" },
  { name: "text", body: 'v := $"{input.$a} and {input.$b.$c}"' },
  { name: "text of all", body: 'v := sprintf("%v", [input])', wide: true },
  { name: "key of a new object", body: "v := {input.$a: input.$b}" },
  { name: "set operation", body: "v := {input.$a} | {x | some x in input.$b}" },
  { name: "head", body: "v := h.$b.x", rules: "h[input.$a].x := input.$c" },
  { name: "false", body: "v := [input.$a == false, r]", rules: "default r := false\n\nr if input.$b" },
  { name: "long way", body: "a := input; b := a.$a; c := [b]; d := c[0]; v := d.$b" },
];

/** What the templates refer to, by `data.`; `$` members there are fixed. */
export const SHARED: { readonly [path: string]: string } = {
  "branch.rego":
    "package branch\n\na := input.b.c\n\nb := 2 if not input.c\n\nc contains x if some x in input.d\n",
  "tree_one.rego": "package tree.one\n\nx if input.a.c\n\ny if input.b.a\n",
  "tree_two.rego": "package tree.two\n\nx if not input.c\n",
  "mixed.rego": "package mixed.a\n\nvalue := input.d.a\n",
  "mixed/b/data.json": '{"value": 5}',
};

export const MEMBERS = ["a", "b", "c", "d"] as const;

/** A module of a package that answers with what each of the templates gives. */
export function programOf(name: string, templates: readonly Template[], members: readonly string[]): string {
  const imports: string[] = [];
  const rules: string[] = [];
  for (const [index, template] of templates.entries()) {
    const filled = (text: string) => fill(text, members).replaceAll(OWN_NAMES, `$1_${index}`);
    const lines = filled(template.rules ?? "").split("\n");
    imports.push(...lines.filter((line) => line.startsWith("import ")));
    rules.push(lines.filter((line) => !line.startsWith("import ")).join("\n"));
    rules.push(`out contains [${index}, v] if { ${filled(template.body)} }`);
  }
  return [`package ${name}`, ...imports, ...rules].join("\n\n");
}

/** The names of a template's own rules and imports, which others in the same package must not share. */
const OWN_NAMES = /\b(alias|missing|f|g|h|o|q|r|s)\b(?=[ (.[;,\]]|$)/gm;

function fill(text: string, members: readonly string[]): string {
  return text.replace(/\$([a-d])/g, (_, letter: string) => members[letter.charCodeAt(0) - 97] ?? letter);
}
