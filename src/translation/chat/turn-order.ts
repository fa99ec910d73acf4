import type { Part, Role } from "./conversation.ts";

/** The parts of a turn as dialects of blocks demand them of an assistant: thinking first, calls last. */
export function turnOrder(parts: readonly Part[], role: Role): readonly Part[] {
  if (role !== "assistant") return parts;
  return [
    ...parts.filter(({ kind }) => kind === "reasoning"),
    ...parts.filter(({ kind }) => kind !== "reasoning" && kind !== "tool_call"),
    ...parts.filter(({ kind }) => kind === "tool_call"),
  ];
}
