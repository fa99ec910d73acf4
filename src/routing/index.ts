export { candidatesOf, type Serves } from "./candidates.ts";
export { choose } from "./choose.ts";
