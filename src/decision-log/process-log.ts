/** The process log; pino's loggers fit. */
export type DecisionProcessLog = {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
};
