import { isDeepStrictEqual } from "node:util";
import { type Command, Option } from "commander";
import { renderFault } from "../document/fault.ts";
import { RegentError } from "../exchange/errors.ts";
import { TENSOR_LAYOUTS, type TensorLayout } from "../exchange/model-interface.ts";
import { type DeclaredVersion, parseVersions } from "../registry/index.ts";
import { parseSignature } from "../translation/index.ts";
import { CommandFailure } from "./failure.ts";
import { readFileOf } from "./read-body.ts";

/** What is told of the model whose server takes the request, or gave the answer. */
export type ModelFlags = {
  readonly registry?: string;
  readonly model?: string;
  readonly layout?: TensorLayout;
  readonly signature?: string;
};

export function addModelOptions(command: Command): void {
  const options = [
    new Option("--registry <file>", "a registry: what it declares of --model counts; no key in it is read"),
    new Option("--model <name>", "the model in --registry, or a version of it where it has several"),
    new Option("--layout <layout>", "how tensors are to lie in a body of TensorFlow Serving")
      .choices(TENSOR_LAYOUTS)
      .conflicts("registry"),
    new Option(
      "--signature <file>",
      "datatypes and shapes of the model's tensors, as JSON: its metadata, or {inputs: {NAME: {datatype, shape}}, outputs}",
    ).conflicts("registry"),
  ];
  for (const option of options) command.addOption(option);
}

/** @throws CommandFailure when a file cannot be read, and for a model that is none or several */
export async function modelOf(flags: ModelFlags): Promise<Omit<DeclaredVersion, "name">> {
  const { registry, model, layout, signature } = flags;
  if ((registry === undefined) !== (model === undefined))
    throw new CommandFailure("--registry FILE and --model NAME go together");
  if (registry !== undefined && model !== undefined) return declaredIn(registry, model);
  const tensors = {
    ...(layout === undefined ? {} : { layout }),
    ...(signature === undefined ? {} : await signatureIn(signature)),
  };
  return { tensors };
}

async function signatureIn(file: string) {
  const bytes = await readFileOf("--signature", file);
  try {
    return parseSignature(bytes);
  } catch (error) {
    const { detail, message } = RegentError.from(error);
    throw new CommandFailure(`--signature: ${detail ?? message}`, undefined, { cause: error });
  }
}

async function declaredIn(file: string, name: string): Promise<DeclaredVersion> {
  const text = (await readFileOf("--registry", file)).toString("utf8");
  const parsed = parseVersions(text, file);
  if (!parsed.ok)
    throw new CommandFailure(`--registry has faults:\n${parsed.faults.map(renderFault).join("\n")}`);
  const [version, ...others] = parsed.value(name);
  if (version === undefined)
    throw new CommandFailure(
      `--model: ${file} has no version, and no model with a version, of the name ${name}`,
    );
  if (others.every((other) => isDeepStrictEqual(declaredBy(other), declaredBy(version)))) return version;
  const names = [...new Set([version, ...others].map((one) => one.name))];
  const wanted = names.length > 1 ? `one of ${names.join(", ")}` : "the model";
  throw new CommandFailure(`"${name}" has versions that declare different things: name ${wanted}`);
}

function declaredBy({ name: _name, ...declared }: DeclaredVersion): Omit<DeclaredVersion, "name"> {
  return declared;
}
