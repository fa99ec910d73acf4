import type { Reads } from "../../exchange/reads.ts";
import type { InputPath } from "./claim.ts";

/** A line of a policy. */
export type Place = { readonly file: string; readonly row: number };

/** A part of the input that is read, and where the policy first does. */
export type FoundPath = {
  readonly path: InputPath;
  /** False: only whether it is there and of which type. */
  readonly whole: boolean;
  readonly place: Place;
};

/** What a policy may do, as far as it matters to what it is handed and whether its decisions can be kept. */
export type Found = {
  readonly reads: Reads;
  readonly paths: readonly FoundPath[];
  /** Every builtin that may be called, with the first line that does. */
  readonly builtins: ReadonlyMap<string, Place>;
};

type Tree = true | { [member: string]: Tree };

/** The paths joined to one tree, its members in order so that it does not depend on the order of the paths. */
export function readsFrom(paths: readonly FoundPath[]): Reads {
  let root: Tree = emptyTree();
  const sorted = [...paths].sort((a, b) => compare(a.path, b.path));
  for (const { path, whole } of sorted) root = insert(root, path, whole);
  return root;
}

function insert(tree: Tree, path: InputPath, whole: boolean): Tree {
  if (tree === true) return true;
  const [member, ...rest] = path;
  if (member === undefined) return whole ? true : tree;
  tree[member] = insert(tree[member] ?? emptyTree(), rest, whole);
  return tree;
}

function emptyTree(): Tree {
  return Object.create(null) as Tree;
}

function compare(a: InputPath, b: InputPath): number {
  const left = JSON.stringify(a);
  const right = JSON.stringify(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
