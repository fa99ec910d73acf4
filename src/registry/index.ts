export { createRegistry, parseRegistry, type Registry } from "./registry.ts";
