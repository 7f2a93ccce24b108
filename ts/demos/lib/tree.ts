/** A graph as a tree in text. */
import type { GraphNode } from "strata-ml";
import { columns, dim, pad } from "./terminal.ts";

/**
 * The graph behind a node, result first, then what it was made from, deeper if that is several. A node that
 * several others use is shown with its inputs once. Right of each stands what `about` says, under `head`.
 */
export function tree(
  root: GraphNode,
  name: (node: GraphNode) => string,
  about: (node: GraphNode) => string,
  head: string,
): string[] {
  const lines: (readonly [left: string, right: string])[] = [["", dim(head)]];
  const seen = new Set<number>();
  const walk = (node: GraphNode, lead: string, branch: string, below: string): void => {
    const again = seen.has(node.id) && node.inputs.length > 0;
    lines.push([`${dim(lead + branch)}${name(node)}${again ? dim(" (above)") : ""}`, about(node)]);
    if (again) return;
    seen.add(node.id);
    const many = node.inputs.length > 1;
    for (const [i, input] of node.inputs.entries()) {
      const [to, under] = i === node.inputs.length - 1 ? ["└ ", "  "] : ["├ ", "│ "];
      // A chain stays in its column.
      walk(input, lead + below, many ? to : "", many ? under : "");
    }
  };
  walk(root, "", "", "");
  const size = Math.max(...lines.map(([left]) => columns(left)));
  return lines.map(([left, right]) => `${pad(left, size)}  ${right}`.trimEnd());
}
