export { type StatusParts, statusDocument } from "./document.ts";
export {
  createStatusReporter,
  type StatusLog,
  type StatusReporter,
  type StatusReporterOptions,
} from "./reporter.ts";
