import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { importsOf } from "./imports.ts";
import { type Edge, edgesIn, faultOf, parseTable, roomsIn } from "./rooms.ts";

const SRC = fileURLToPath(new URL("../../src", import.meta.url));
const rows = parseTable(readFileSync(new URL("../../docs/architecture.md", import.meta.url), "utf8"));

describe("the rooms of src/", () => {
  test("are those of the table in docs/architecture.md", () => {
    assert.deepEqual(roomsIn(SRC).sort(), rows.map(({ room }) => room).sort());
  });

  test("import from each other only what the table allows", () => {
    const edges = edgesIn(SRC);
    assert.ok(edges.some(({ from, to }) => from === "envoy" && to === "exchange"));
    assert.deepEqual(
      edges.map((edge) => faultOf(edge, rows)).filter((fault) => fault !== undefined),
      [],
    );
  });

  test("that the table allows to import each other do not make a circle", () => {
    const open = new Map(rows.map(({ room, mayImport }) => [room, mayImport]));
    const reaches = (from: string, path: readonly string[]): void => {
      assert.ok(!path.includes(from), `circle: ${[...path, from].join(" -> ")}`);
      const next = open.get(from);
      if (Array.isArray(next)) for (const to of next) reaches(to, [...path, from]);
    };
    for (const { room } of rows) reaches(room, []);
  });
});

describe("the check itself", () => {
  const table = parseTable(
    "| room | may import | x |\n| - | - | - |\n| a | b | . |\n| b | | . |\n| c | everything | . |\n\n",
  );
  const edge = (from: string, to: string, value = true): Edge => ({
    file: `${from}/x.ts`,
    from,
    to,
    target: `${to}/y.ts`,
    value,
  });

  test("reads the table", () => {
    assert.deepEqual(table, [
      { room: "a", mayImport: ["b"] },
      { room: "b", mayImport: [] },
      { room: "c", mayImport: "everything" },
    ]);
  });

  test("names an import against the direction, but not one of a type, of the own room, or by a room that may", () => {
    assert.match(
      faultOf(edge("b", "a"), table) ?? "",
      /b\/x\.ts imports a\/y\.ts: room b may not import room a/,
    );
    for (const fine of [edge("a", "b"), edge("b", "a", false), edge("b", "b"), edge("c", "a")]) {
      assert.equal(faultOf(fine, table), undefined);
    }
    assert.match(faultOf({ ...edge("c", ".."), target: "../test/y.ts" }, table) ?? "", /outside of src/);
    assert.match(faultOf({ ...edge("c", "envoy"), target: "envoy/gen/y.js" }, table) ?? "", /generated/);
  });

  test("reads every form of import", () => {
    const source = `
import a from "./a.ts";
import type { B } from "./b.ts";
import { c, type C } from "./c.ts";
import { type D } from "./d.ts";
import "./e.ts";
import {
  f,
} from "./f.ts";
export { g } from "./g.ts";
export type { H } from "./h.ts";
export * from "./i.ts";
export const text = "./not.ts";
// import "./comment.ts";
/* import "./comment.ts"; */
const j = await import("./j.ts");
type K = import("./k.ts").K;
import type from "./l.ts";
`;
    const values = importsOf(source).filter(({ value }) => value);
    assert.deepEqual(
      values.map(({ specifier }) => specifier).sort(),
      ["a", "c", "d", "e", "f", "g", "i", "j", "l"].map((name) => `./${name}.ts`),
    );
    const types = importsOf(source).filter(({ value }) => !value);
    assert.deepEqual(types.map(({ specifier }) => specifier).sort(), ["./b.ts", "./h.ts", "./k.ts"]);
  });
});
