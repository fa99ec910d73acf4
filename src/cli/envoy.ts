import { Command, InvalidArgumentError, Option } from "commander";
import {
  type Address,
  isLocal,
  parseAddress,
  parseTcpAddress,
  renderAddress,
  type TcpAddress,
} from "../config/address.ts";
import { BODY_BYTES_MAX } from "../config/schema.ts";
import { parseSizeBytes } from "../document/units.ts";
import { renderEnvoyConfig } from "../local/envoy/bootstrap.ts";
import {
  ENVOY_DEFAULTS,
  type EnvoyTarget,
  FILTER_CHOICES,
  type FilterChoice,
} from "../local/envoy/options.ts";
import { CommandFailure } from "./failure.ts";
import { addFallback, withFallbacks } from "./fallback-option.ts";
import { addTarget } from "./target-option.ts";

type Options = {
  readonly listen: TcpAddress;
  readonly admin: TcpAddress;
  readonly regent: Address;
  readonly target?: readonly EnvoyTarget[];
  readonly filters: FilterChoice;
  readonly ungovernedTarget?: string;
  readonly maxBody: number;
  readonly accessLog: string;
  readonly fallback?: ReadonlyMap<string, readonly string[]>;
};

const EXAMPLE = `
Examples:
  regent envoy generate --target my-model=http://127.0.0.1:8000 > envoy.yaml
  regent envoy generate --target us=https://a.example --target eu=https://b.example --fallback us=eu > envoy.yaml`;

/** `regent envoy generate`: the configuration of an Envoy in front of Regent, as YAML. */
export function envoyCommand(): Command {
  const command = new Command("envoy")
    .description("the Envoy in front of Regent")
    .addHelpText("after", EXAMPLE);
  command
    .command("generate")
    .description(
      "print an Envoy configuration with Regent's filters, safe settings and a route to each target",
    )
    .addOption(address("--listen <host:port>", "where clients connect", tcpAddress, ENVOY_DEFAULTS.listen))
    .addOption(
      address(
        "--admin <host:port>",
        "Envoy's own admin interface; loopback only",
        loopback,
        ENVOY_DEFAULTS.admin,
      ),
    )
    .addOption(
      address(
        "--regent <address>",
        "Regent's gRPC: HOST:PORT or unix:///PATH",
        anyAddress,
        ENVOY_DEFAULTS.regent,
      ),
    )
    .option(
      "--target <name=url>",
      "a target and its origin, http(s)://host:port or grpc(s)://host:port; may be repeated (default: the sample models)",
      addTarget,
    )
    .addOption(
      new Option("--filters <which>", "Regent's filters; anything but both is for measuring")
        .choices(FILTER_CHOICES)
        .default(ENVOY_DEFAULTS.filters),
    )
    .option(
      "--ungoverned-target <name>",
      "send what no decision routed to this target; only without ext_proc",
    )
    .addOption(
      new Option("--max-body <size>", "largest request body")
        .argParser(size)
        .default(ENVOY_DEFAULTS.bodyBytesMax, "4Mi"),
    )
    .option(
      "--fallback <name=names>",
      "send what one target fails to serve to these, in turn: us=eu,claude; may be repeated",
      addFallback,
    )
    .option("--access-log <file>", "where Envoy logs requests", ENVOY_DEFAULTS.accessLog)
    .addHelpText("after", EXAMPLE)
    .action((options: Options) => {
      process.stdout.write(render(options));
    });
  return command;
}

function render({ target, maxBody, fallback = new Map(), ...options }: Options): string {
  try {
    return renderEnvoyConfig({
      ...options,
      targets: withFallbacks(target ?? ENVOY_DEFAULTS.targets, fallback),
      bodyBytesMax: maxBody,
    });
  } catch (error) {
    throw new CommandFailure(error instanceof Error ? error.message : String(error));
  }
}

function address<A extends Address>(
  flags: string,
  description: string,
  parse: (text: string) => A,
  byDefault: A,
): Option {
  return new Option(flags, description).argParser(parse).default(byDefault, renderAddress(byDefault));
}

function tcpAddress(text: string): TcpAddress {
  const parsed = parseTcpAddress(text);
  if (parsed === undefined) throw new InvalidArgumentError("Expected HOST:PORT.");
  return parsed;
}

function loopback(text: string): TcpAddress {
  const parsed = tcpAddress(text);
  if (!isLocal(parsed)) {
    throw new InvalidArgumentError("It has no authentication, so only a loopback address is taken.");
  }
  return parsed;
}

function anyAddress(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new InvalidArgumentError("Expected HOST:PORT or unix:///PATH.");
  return parsed;
}

function size(text: string): number {
  const bytes = parseSizeBytes(text);
  if (bytes === undefined || bytes === 0)
    throw new InvalidArgumentError("Expected a size such as 65536, 64Ki or 4Mi.");
  if (bytes > BODY_BYTES_MAX)
    throw new InvalidArgumentError(`No route of Regent takes more: at most ${BODY_BYTES_MAX / 1024 ** 2}Mi.`);
  return bytes;
}
