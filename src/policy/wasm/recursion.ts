/**
 * The nodes of a graph that can be reached from themselves, by Tarjan's algorithm for strongly connected components.
 * `edges[i]` are the nodes that i leads to; numbers that are no nodes lead nowhere.
 */
export function recursiveNodes(edges: readonly (readonly number[])[]): ReadonlySet<number> {
  const recursive = new Set<number>();
  const order: number[] = [];
  const low: number[] = [];
  const open: number[] = [];
  const isOpen: boolean[] = [];
  let visited = 0;

  const enter = (node: number): void => {
    order[node] = visited;
    low[node] = visited;
    visited += 1;
    open.push(node);
    isOpen[node] = true;
  };
  const leave = (node: number): void => {
    if (low[node] !== order[node]) return;
    const component = open.splice(open.lastIndexOf(node));
    for (const member of component) {
      isOpen[member] = false;
      if (component.length > 1 || edges[member]?.includes(member)) recursive.add(member);
    }
  };

  for (const root of edges.keys()) {
    if (order[root] !== undefined) continue;
    enter(root);
    // An own stack: a chain of calls in a module may be longer than JavaScript's stack.
    const path: { readonly node: number; next: number }[] = [{ node: root, next: 0 }];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const target = edges[at.node]?.[at.next];
      at.next += 1;
      if (target === undefined) {
        path.pop();
        leave(at.node);
        const parent = path.at(-1)?.node;
        if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[at.node] ?? 0);
      } else if (edges[target] === undefined) {
        // Not a node: an import.
      } else if (order[target] === undefined) {
        enter(target);
        path.push({ node: target, next: 0 });
      } else if (isOpen[target]) low[at.node] = Math.min(low[at.node] ?? 0, order[target] ?? 0);
    }
  }
  return recursive;
}
