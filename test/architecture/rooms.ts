import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { importsOf } from "./imports.ts";

/** A room and the rooms whose values it may import. */
export type Row = { readonly room: string; readonly mayImport: readonly string[] | "everything" };

/** An import of one of our own files by another. */
export type Edge = {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly target: string;
  readonly value: boolean;
};

/** Files directly in src/ build and join the rooms. */
export const ROOT_ROOM = "";

/** The table of docs/architecture.md: the rows under the heading `room | may import`. */
export function parseTable(markdown: string): Row[] {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^\|\s*room\s*\|\s*may import\s*\|/.test(line));
  if (start < 0) throw new Error("docs/architecture.md has no table of rooms");
  const rows: Row[] = [];
  for (const line of lines.slice(start + 2)) {
    const cells = line.split("|").map((cell) => cell.trim());
    if (!line.startsWith("|") || cells[1] === undefined || cells[2] === undefined) break;
    const mayImport = cells[2] === "everything" ? cells[2] : cells[2].split(/\s*,\s*/).filter(Boolean);
    rows.push({ room: cells[1], mayImport });
  }
  return rows;
}

/** The folders of src/. */
export function roomsIn(src: string): string[] {
  return readdirSync(src, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Every import of one file of src/ by another, tests left out: they may build what they need. */
export function edgesIn(src: string): Edge[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.endsWith(".d.ts"))
    .flatMap((file) => edgesOf(src, file));
}

function edgesOf(src: string, file: string): Edge[] {
  const path = join(src, file);
  return importsOf(readFileSync(path, "utf8"))
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier, value }) => {
      const target = relative(src, resolve(dirname(path), specifier));
      return { file, from: roomOf(file), to: roomOf(target), target, value };
    });
}

/** `..` for what lies outside of src/. */
function roomOf(file: string): string {
  const [first, ...rest] = file.split(sep);
  return rest.length === 0 ? ROOT_ROOM : (first as string);
}

/** What an edge does that the table does not allow, as a sentence; undefined when it is fine. */
export function faultOf(edge: Edge, rows: readonly Row[]): string | undefined {
  const { file, from, to, target } = edge;
  if (to === "..") return `${file} imports ${target}, which lies outside of src/`;
  if (target.startsWith(join("envoy", "gen")) && from !== "envoy") {
    return `${file} imports generated code; only src/envoy may`;
  }
  if (!edge.value || from === to || from === ROOT_ROOM) return undefined;
  const row = rows.find(({ room }) => room === from);
  if (row === undefined || row.mayImport === "everything" || row.mayImport.includes(to)) return undefined;
  const where = to === ROOT_ROOM ? "src/ itself" : `room ${to}`;
  return `${file} imports ${target}: room ${from} may not import ${where}`;
}
