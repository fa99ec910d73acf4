import type { Services } from "../../services/index.ts";
import type { PolicyLog } from "../log.ts";
import { createHttpSource, type HttpSourceOptions } from "./http.ts";
import { bundlePersistence } from "./persistence.ts";
import type { BundleSource } from "./source.ts";

/** A bundle of a service as a configuration names it. */
export type ServiceBundle = Pick<HttpSourceOptions, "name" | "polling" | "trigger" | "sizeLimitBytes"> & {
  readonly service: string;
  /** Below the service's URL. */
  readonly resource: string;
  /** Keep the last good version over a restart. */
  readonly persist: boolean;
};

/** The source of a bundle of a service. @throws ServiceError when there is no such service */
export function serviceBundleSource(
  { service: serviceName, persist, ...bundle }: ServiceBundle,
  {
    services,
    persistenceDir,
    log,
  }: { readonly services: Services; readonly persistenceDir: string; readonly log: PolicyLog },
): BundleSource {
  const service = services.get(serviceName);
  const location = `${service.url}/${bundle.resource}`;
  return createHttpSource({
    ...bundle,
    service,
    log,
    ...(persist ? { persistence: bundlePersistence(persistenceDir, bundle.name, location) } : {}),
  });
}
