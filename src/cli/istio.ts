import { Command } from "commander";
import type { EnvoyTarget } from "../local/envoy/options.ts";
import { renderIstioTargets } from "../local/istio/targets.ts";
import { CommandFailure } from "./failure.ts";
import { addTarget } from "./target-option.ts";

const EXAMPLE =
  "\nExample:\n  regent istio generate --target claude=https://api.anthropic.com > istio/gateway/targets.yaml";

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
    .addHelpText("after", EXAMPLE)
    .action(({ target }: { readonly target: readonly EnvoyTarget[] }) => {
      process.stdout.write(render(target));
    });
  return command;
}

function render(targets: readonly EnvoyTarget[]): string {
  try {
    return renderIstioTargets(targets);
  } catch (error) {
    throw new CommandFailure((error as Error).message);
  }
}
