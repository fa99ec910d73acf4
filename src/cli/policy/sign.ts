import { Command, InvalidArgumentError, Option } from "commander";
import { parseDurationMs } from "../../document/units.ts";
import { signBundle } from "../../policy/authoring/sign.ts";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from "../../policy/bundle/signature/key.ts";
import { type Format, formatOption, reportingFaults } from "./report.ts";

type Flags = {
  readonly key: string;
  readonly algorithm: SignatureAlgorithm;
  readonly keyId?: string;
  readonly scope?: string;
  readonly expires?: number;
  readonly output?: string;
  readonly format: Format;
};

/** `regent policy sign` */
export function signCommand(): Command {
  return new Command("sign")
    .description("sign a bundle, as opa sign does, so that a server with the key takes no other")
    .argument("<bundle>", "a bundle (tar.gz)")
    .requiredOption("-k, --key <file>", "private key in PEM; a file with the secret for HS algorithms")
    .addOption(
      new Option("-a, --algorithm <name>", "JWS algorithm").choices(SIGNATURE_ALGORITHMS).default("RS256"),
    )
    .option("--key-id <id>", "name of the key, by which the server finds it")
    .option("--scope <text>", "what the signature is for; the server's configuration has to say the same")
    .option(
      "--expires <duration>",
      "how long the signature is valid, such as 720h (default: for ever)",
      seconds,
    )
    .option("-o, --output <file>", "where the signed bundle goes (default: in place)")
    .addOption(formatOption())
    .addHelpText(
      "after",
      "\nExample:\n  regent policy sign dist/policies.tar.gz --key private.pem --key-id 2026 --algorithm ES256",
    )
    .action((bundle: string, flags: Flags) => reportingFaults(() => sign(bundle, flags)));
}

function seconds(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 1000) throw new InvalidArgumentError("must be a duration such as 720h");
  return Math.floor(ms / 1000);
}

async function sign(bundle: string, flags: Flags): Promise<void> {
  const output = flags.output ?? bundle;
  const { keyId, scope, expires } = flags;
  const files = await signBundle({
    ...{ bundle, output, keyFile: flags.key, algorithm: flags.algorithm },
    ...(keyId === undefined ? {} : { keyId }),
    ...(scope === undefined ? {} : { scope }),
    ...(expires === undefined ? {} : { expiresInS: expires }),
  });
  process.stdout.write(
    flags.format === "json"
      ? `${JSON.stringify({ file: output, files, algorithm: flags.algorithm, keyId, scope })}\n`
      : `${output}: signed with ${flags.algorithm}, ${files} files\n`,
  );
}
