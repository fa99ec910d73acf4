import { type DestinationStream, destination, pino, stdTimeFunctions } from "pino";

/** The log of the process: what happens to Regent itself. Exchanges have their records. */
export type ProcessLog = {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  fatal(facts: object, message: string): void;
};

export type ProcessLogOptions = {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  readonly format: "json" | "pretty";
  /** Standard error unless said otherwise: results go to standard output. */
  readonly stream?: DestinationStream;
};

/** Members that are credentials wherever they stand. Prompts are not logged at all. */
const CREDENTIALS = [
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "x-goog-api-key",
  "cookie",
  "set-cookie",
  "apiKey",
  "token",
  "secret",
  "password",
];
/** How deep in what is logged credentials are looked for: headers of a request of an exchange are at the third level. */
const DEPTH_MAX = 4;
/** Credentials inside of texts, messages of errors above all. */
const IN_TEXT = /\b(bearer|basic)\s+[^\s"\\]+/gi;
const CENSOR = "[redacted]";

/** One line of JSON a message, or readable lines. Credentials are taken out of both. */
export async function createProcessLog(options: ProcessLogOptions): Promise<ProcessLog> {
  const stream = options.stream ?? openDestination(2);
  const render = options.format === "json" ? (line: string) => line : await prettyRenderer();
  const log: ProcessLog = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: credentialPaths(), censor: CENSOR },
    },
    { write: (line: string) => stream.write(render(line.replace(IN_TEXT, `$1 ${CENSOR}`))) },
  );
  return log;
}

/**
 * Bytes that wait while the log cannot be written. They hold the beginning of the trouble; later lines are dropped.
 */
export const UNWRITTEN_BYTES_MAX = 256 * 1024;

/**
 * A log that cannot be written, because its disk is full or its reader is gone, must not end the process that it is
 * about: the next line tries again.
 */
export function openDestination(fd: number): ReturnType<typeof destination> {
  const stream = destination({ fd, sync: true, maxLength: UNWRITTEN_BYTES_MAX });
  // There is nowhere left to say it.
  stream.on("error", () => {});
  return stream;
}

/** Loaded only where somebody reads along. */
async function prettyRenderer(): Promise<(line: string) => string> {
  const { prettyFactory } = await import("pino-pretty");
  const colorize = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
  const pretty = prettyFactory({ colorize, ignore: "pid", translateTime: "HH:MM:ss.l" });
  return (line) => pretty(line);
}

/** `authorization`, `*.authorization`, … in the notation of pino. */
function credentialPaths(): string[] {
  const depths = Array.from({ length: DEPTH_MAX }, (_, depth) => "*.".repeat(depth));
  return depths.flatMap((prefix) =>
    CREDENTIALS.map((name) =>
      name.includes("-") ? `${prefix.slice(0, -1)}["${name}"]` : `${prefix}${name}`,
    ),
  );
}
