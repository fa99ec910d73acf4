import { keyPointer, pointerToken } from "../../src/wire/json/index.ts";

/** Where a string stands in a value: as a value, or as the key of a member. */
export type Position = {
  readonly path: readonly string[];
  readonly isKey: boolean;
  readonly pointer: string;
};

/** A text that no schema has anywhere. */
const MARKER = "planted marker 7f3a";

/** Every string of a JSON value, keys included. */
export function* positionsOf(value: unknown, path: readonly string[] = []): Generator<Position> {
  const pointer = path.map((key) => `/${pointerToken(key)}`).join("");
  if (typeof value === "string") yield { path, isKey: false, pointer };
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const inner = [...path, key];
    if (!Array.isArray(value))
      yield { path: inner, isKey: true, pointer: keyPointer(`${pointer}/${pointerToken(key)}`) };
    yield* positionsOf(member, inner);
  }
}

/** The value as JSON with the marker in the place of one string. */
export function plant(value: unknown, position: Position): { text: string; pointer: string; marker: string } {
  const path = [...position.path];
  const last = position.isKey ? path.pop() : undefined;
  const planted = replaceAt(structuredClone(value), path, (found) =>
    last === undefined ? MARKER : renamed(found, last),
  );
  const renamedPath = last === undefined ? path : [...path, MARKER];
  return {
    text: JSON.stringify(planted),
    pointer: renamedPath.map((key) => `/${pointerToken(key)}`).join(""),
    marker: MARKER,
  };
}

function replaceAt(value: unknown, path: readonly string[], change: (found: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  const container = value as { [key: string]: unknown };
  container[key] = replaceAt(container[key], rest, change);
  return container;
}

function renamed(value: unknown, key: string): unknown {
  return Object.fromEntries(
    Object.entries(value as object).map(([name, member]) => [name === key ? MARKER : name, member]),
  );
}
