export { type StatusParts, statusDocument } from "./document.ts";
export { metricFamilies, type RegistryMetric } from "./families.ts";
export {
  createStatusReporter,
  type StatusLog,
  type StatusReporter,
  type StatusReporterOptions,
} from "./reporter.ts";
