export { type AdminOptions, startAdmin } from "./admin.ts";
export type { Check } from "./check.ts";
export type { HttpAddress, HttpServer } from "./http.ts";
export { type ProbesOptions, startProbes } from "./probes.ts";
