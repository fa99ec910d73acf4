export { candidatesOf } from "./candidates.ts";
export { choose } from "./choose.ts";
