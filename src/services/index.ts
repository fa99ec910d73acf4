export type { AwsKeys } from "./aws.ts";
export { type BackoffLimits, backoffMs } from "./backoff.ts";
export type { SecretSource, ServiceCredentials } from "./credentials.ts";
export { ServiceError, type ServiceFault } from "./error.ts";
export {
  createService,
  type Service,
  type ServiceOptions,
  type ServiceRequest,
  type ServiceResponse,
} from "./service.ts";
export { createServices, type Services, type ServicesLog } from "./services.ts";
