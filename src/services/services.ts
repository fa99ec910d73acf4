import { ServiceError } from "./error.ts";
import { createService, type Service, type ServiceOptions } from "./service.ts";

/** All services of a process, by name. */
export type Services = {
  /** @throws ServiceError `invalid` when none has this name */
  get(name: string): Service;
  /** Ends every request under way. */
  close(): Promise<void>;
};

export type ServicesLog = { warn(fields: object, message: string): void };

/** Opens the services of a configuration and says aloud what is dangerous about them. @throws ServiceError */
export function createServices(options: readonly ServiceOptions[], log: ServicesLog): Services {
  const services = new Map(options.map((option) => [option.name, createService(option)]));
  for (const { name, warnings } of services.values())
    for (const warning of warnings) log.warn({ service: name }, warning);
  return {
    get(name) {
      const service = services.get(name);
      if (service === undefined) throw new ServiceError(name, "invalid", undefined, "it is not configured");
      return service;
    },
    async close() {
      await Promise.all([...services.values()].map((service) => service.close()));
    },
  };
}
