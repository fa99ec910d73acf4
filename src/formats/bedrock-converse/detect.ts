import type { Endpoint } from "../format.ts";

export const ENDPOINTS: readonly Endpoint[] = [
  { method: "POST", path: "/model/{model}/converse", operation: "chat", takesArns: true },
  {
    method: "POST",
    path: "/model/{model}/converse-stream",
    operation: "chat",
    stream: true,
    takesArns: true,
  },
];
