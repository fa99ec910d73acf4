import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { NUMBER_SETTINGS, type NumberSetting } from "../../exchange/model-interface.ts";
import { parseBody } from "../../formats/json-format.ts";
import { readFlag, readModel } from "../../formats/members.ts";
import { pointerToken } from "../../wire/json/index.ts";
import type { Warn } from "../translation.ts";

/** A completion request as far as Triton can carry it. */
export type Completion = {
  readonly model: string;
  readonly prompts: readonly string[];
  readonly stream: boolean;
  readonly echo: boolean;
  /** Numbers as sent, by OpenAI's names: `max_tokens`, `temperature` ... */
  readonly numbers: ReadonlyMap<NumberSetting, number>;
  readonly stop: readonly string[];
};

const READ: ReadonlySet<string> = new Set([
  ...NUMBER_SETTINGS,
  "model",
  "prompt",
  "stream",
  "echo",
  "stop",
  "stream_options",
]);

/** @throws RegentError body_invalid or translation_unsupported, naming the member */
export function readCompletion(bytes: Buffer, warn: Warn): Completion {
  const body = objectOf(bytes);
  for (const [key, value] of Object.entries(body)) {
    if (!READ.has(key) && value !== null && !isDefault(key, value)) warn(dropped(`/${pointerToken(key)}`));
  }
  warnOfStreamOptions(body.stream_options, warn);
  return {
    model: readModel(body),
    prompts: textsOf("prompt", body.prompt),
    stream: readFlag(body, "stream"),
    echo: readFlag(body, "echo"),
    numbers: new Map(NUMBER_SETTINGS.flatMap((key) => numberOf(body, key))),
    stop: stopOf(body.stop),
  };
}

export function objectOf(bytes: Buffer): JsonObject {
  const { value } = parseBody(bytes);
  if (!isJsonObject(value)) throw new RegentError("body_invalid", "The body must be a JSON object.");
  return value;
}

/**
 * The texts of `prompt` or `input`. Tokens mean nothing to another model's tokenizer.
 *
 * @throws RegentError body_invalid or translation_unsupported
 */
export function textsOf(key: string, value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  if (!Array.isArray(value) || value.length === 0)
    throw new RegentError("body_invalid", `${key} must be a text or a list of texts`);
  return (value as readonly JsonValue[]).map((text, index) => {
    if (typeof text === "string") return text;
    throw new RegentError(
      "translation_unsupported",
      `${key}[${index}]: the target takes texts, no tokens and no parts`,
    );
  });
}

export function dropped(member: string, message = "the target has no place for it") {
  return { code: "dropped", member, message } as const;
}

/** Members that ask for what the target does anyway. */
function isDefault(key: string, value: JsonValue): boolean {
  return (key === "n" || key === "best_of") && value === 1;
}

/** Whether the usage is reported is told to who writes the answer. */
function warnOfStreamOptions(options: JsonValue | undefined, warn: Warn): void {
  if (!isJsonObject(options)) return;
  for (const key of Object.keys(options))
    if (key !== "include_usage") warn(dropped(`/stream_options/${pointerToken(key)}`));
}

function numberOf(body: JsonObject, key: NumberSetting): [NumberSetting, number][] {
  const value = body[key] ?? undefined;
  if (value === undefined) return [];
  if (typeof value !== "number") throw new RegentError("body_invalid", `${key} must be a number`);
  return [[key, value]];
}

function stopOf(value: JsonValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [value];
  if (Array.isArray(value) && value.every((text: JsonValue) => typeof text === "string"))
    return value as string[];
  throw new RegentError("body_invalid", "stop must be a text or a list of texts");
}
