import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isJsonObject, type JsonValue } from "../../src/exchange/json.ts";

/** The members that a server has fields for, each with those of its value; `*` stands for the elements of a list. */
export type Shape = { readonly [name: string]: Shape };

/** What one way to read a body finds in it, in a form that is the same for the same value: `error` for none. */
export type Found = { readonly [reader: string]: string };

/** Readers in other languages, each a process that reads one body after the other. */
export type Readers = {
  read(body: Buffer): Promise<Found>;
  stop(): Promise<void>;
};

const FOLDER = fileURLToPath(new URL("readers/", import.meta.url));

/** @param shapes by the name under which {@link Found} has what a Go struct of this shape holds: `go struct NAME` */
export async function startReaders(shapes: { readonly [name: string]: Shape }): Promise<Readers> {
  const go = start("go", ["run", "reader.go"]);
  const python = start("python3", ["reader.py"]);
  go.child.stdin.write(`${JSON.stringify(shapes)}\n`);
  return {
    async read(body) {
      const [byGo, byPython] = await Promise.all([ask(go, body), ask(python, body)]);
      return {
        ...prefixed("go", byGo),
        ...prefixed("python", byPython),
        ...prefixed("node", readByNode(body)),
      };
    },
    async stop() {
      for (const { child } of [go, python]) {
        child.stdin.end();
        if (child.exitCode === null) await once(child, "exit");
      }
    },
  };
}

type Reader = { readonly child: ChildProcessWithoutNullStreams; readonly lines: AsyncIterator<string> };

function start(command: string, args: readonly string[]): Reader {
  const child = spawn(command, args, { cwd: FOLDER, stdio: ["pipe", "pipe", "pipe"] });
  child.stderr.pipe(process.stderr);
  const lines: Interface = createInterface(child.stdout);
  return { child, lines: lines[Symbol.asyncIterator]() };
}

async function ask({ child, lines }: Reader, body: Buffer): Promise<Found> {
  child.stdin.write(`${body.toString("base64")}\n`);
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`${child.spawnfile} ended`);
  return JSON.parse(value) as Found;
}

function prefixed(language: string, found: Found): Found {
  return Object.fromEntries(Object.entries(found).map(([reader, value]) => [`${language} ${reader}`, value]));
}

/** The way every server in Node does it. */
function readByNode(body: Buffer): Found {
  const value = parse(body);
  try {
    return { parse: value === undefined ? FAILED : canonical(value) };
  } catch (error) {
    // Nested so deep that whoever looks into it falls.
    if (error instanceof RangeError) return { parse: FAILED };
    throw error;
  }
}

export const FAILED = "error";

export function parse(body: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(body.toString()) as JsonValue;
  } catch {
    return undefined;
  }
}

/** The members of a shape by their very names, as a server that does not fold them finds them. */
export function shaped(value: JsonValue, shape: Shape): string {
  const elements = shape["*"];
  if (Array.isArray(value) && elements !== undefined) {
    return `[${(value as readonly JsonValue[]).map((element) => shaped(element, elements)).join(",")}]`;
  }
  const names = Object.keys(shape).filter((name) => name !== "*");
  if (!isJsonObject(value) || names.length === 0) return canonical(value);
  const members = names
    .filter((name) => Object.hasOwn(value, name))
    .sort(byCodeUnits)
    .map((name) => `${units(name)}:${shaped(value[name] as JsonValue, shape[name] as Shape)}`);
  return `{${members.join(",")}}`;
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function canonical(value: JsonValue): string {
  if (typeof value === "string") return units(value);
  if (typeof value === "number") return decimal(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(canonical).join(",")}]`;
  if (!isJsonObject(value)) return String(value);
  const members = Object.entries(value).map(([key, member]) => `${units(key)}:${canonical(member)}`);
  return `{${members.sort(byCodeUnits).join(",")}}`;
}

/** A text as its UTF-16 code units. */
function units(text: string): string {
  let hex = "";
  for (let i = 0; i < text.length; i++) hex += text.charCodeAt(i).toString(16).padStart(4, "0");
  return `"${hex}"`;
}

/** The exact value of a double, without a sign for zero. */
export function decimal(value: number): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : value < 0 ? "-Infinity" : "NaN";
  if (Number.isInteger(value)) return BigInt(value).toString();
  // A double that is no whole number is one after enough doublings: n / 2^places = n * 5^places / 10^places.
  let places = 0;
  let whole = Math.abs(value);
  for (; !Number.isInteger(whole); places++) whole *= 2;
  const digits = (BigInt(whole) * 5n ** BigInt(places)).toString().padStart(places + 1, "0");
  const text = `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/0+$/, "");
  return value < 0 ? `-${text}` : text;
}
