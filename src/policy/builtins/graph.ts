import type { BuiltinContext, HostBuiltin } from "./builtin.ts";
import { contains, lookup, setOf } from "./compare.ts";
import { collectionAt, objectAt } from "./operands.ts";
import { isArray, type RegoArray, type RegoObject, RegoSet, type RegoValue } from "./value.ts";

/** Steps along edges that one call may take: the number of paths grows exponentially with the size of a graph. */
export const STEPS_MAX = 100_000;

/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 1_000;

export const graphBuiltins: readonly HostBuiltin[] = [
  {
    name: "graph.reachable_paths",
    call: (args, context) => reachablePaths(objectAt(args, 0), collectionAt(args, 1), context),
  },
];

/** All longest paths that begin at one of the roots and do not visit a node twice. */
function reachablePaths(graph: RegoObject, roots: RegoArray, context: BuiltinContext): RegoSet {
  const paths: RegoValue[] = [];
  let steps = 0;
  const follow = (node: RegoValue, path: RegoArray): void => {
    steps += 1;
    if (steps % STEPS_PER_LOOK === 0) context.checkTime();
    if (steps > STEPS_MAX) throw new RangeError(`graph.reachable_paths: more than ${STEPS_MAX} steps`);
    const edges = lookup(graph, node);
    if (edges === undefined) {
      paths.push(path);
      return;
    }
    const longer = [...path, node];
    const neighbours = nodesOf(edges);
    if (neighbours.length === 0) paths.push(longer);
    for (const neighbour of neighbours) {
      if (contains(longer, neighbour)) paths.push(longer);
      else follow(neighbour, longer);
    }
  };
  for (const root of roots) {
    const edges = lookup(graph, root);
    if (edges === undefined) continue;
    const neighbours = nodesOf(edges);
    if (neighbours.length === 0) paths.push([root]);
    for (const neighbour of neighbours) {
      follow(neighbour, [root]);
    }
  }
  return setOf(paths);
}

function nodesOf(edges: RegoValue): RegoArray {
  if (edges instanceof RegoSet) return edges.items;
  return isArray(edges) ? edges : [];
}
