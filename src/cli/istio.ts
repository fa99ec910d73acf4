import { Command } from "commander";
import type { EnvoyTarget } from "../local/envoy/options.ts";
import { renderIstioTargets } from "../local/istio/targets.ts";
import { CommandFailure } from "./failure.ts";
import { addFallback, withFallbacks } from "./fallback-option.ts";
import { addTarget } from "./target-option.ts";

const EXAMPLE = `
Examples:
  regent istio generate --target claude=https://api.anthropic.com > istio/gateway/targets.yaml
  regent istio generate --target us=https://a.example --target eu=https://b.example --fallback us=eu > istio/gateway/targets.yaml`;

/** `regent istio generate`: what Istio's ingress gateway has to know of targets, as YAML. */
export function istioCommand(): Command {
  const command = new Command("istio")
    .description("the ingress gateway of Istio in front of Regent")
    .addHelpText("after", EXAMPLE);
  command
    .command("generate")
    .description(
      "print the Istio objects by which an ingress gateway reaches the targets, with Regent's filter in the cluster of each",
    )
    .requiredOption(
      "--target <name=url>",
      "a target and its origin: http:// or grpc:// of a service that the mesh knows, https:// or grpcs:// of a host " +
        "outside; may be repeated",
      addTarget,
    )
    .option(
      "--fallback <name=names>",
      "send what one target outside the mesh fails to serve to others outside, in turn: us=eu,claude; may be repeated",
      addFallback,
    )
    .addHelpText("after", EXAMPLE)
    .action(({ target, fallback = new Map() }: Options) => {
      process.stdout.write(render(target, fallback));
    });
  return command;
}

type Options = {
  readonly target: readonly EnvoyTarget[];
  readonly fallback?: ReadonlyMap<string, readonly string[]>;
};

function render(targets: Options["target"], fallbacks: NonNullable<Options["fallback"]>): string {
  try {
    return renderIstioTargets(withFallbacks(targets, fallbacks));
  } catch (error) {
    throw new CommandFailure((error as Error).message);
  }
}
