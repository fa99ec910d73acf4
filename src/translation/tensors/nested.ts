import { RegentError } from "../../exchange/errors.ts";
import type { FormatName } from "../../exchange/inference.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { readPlainError } from "../../formats/plain-error.ts";
import type { Layout } from "../../formats/tfserving/layout.ts";
import { pointerToken } from "../../wire/json/index.ts";
import type { AnswerHints, Warn } from "../translation.ts";
import type { TensorDialect, TensorReply, TensorRequest } from "./dialect.ts";
import { plainFailure } from "./kserve-v2.ts";
import { type NestedBody, parseNested, readColumns } from "./nested-read.ts";
import { fitRows, writeNested } from "./nested-write.ts";
import type { TensorValue } from "./value.ts";

/** What tells TensorFlow Serving's REST API and KServe v1 apart. */
export type NestedForm = {
  readonly name: FormatName;
  /** Whether bodies may have NaN and infinities. */
  readonly nonfinite: "refused" | "tokens";
  readonly hasVersions: boolean;
  readonly hasSignatures: boolean;
  /** The members that are written, by layout. */
  readonly requestKeys: LayoutKeys;
  readonly replyKeys: LayoutKeys;
  /** Where the tensors of a request are; as they are written when it is left out. @throws RegentError body_invalid */
  findTensors?(body: JsonObject): Place;
};

export type LayoutKeys = { readonly [L in Layout]: string | undefined };

/** The member of a body that its tensors are in, and how they lie. */
export type Place = { readonly key: string; readonly layout: Layout };

/** A dialect whose tensors are nested lists. */
export function nestedDialect(form: NestedForm): TensorDialect {
  return {
    name: form.name,
    readRequest(bytes, { urlModel, urlVersion }, { signatureName, inputs }, warn) {
      const nested = parseNested(bytes);
      if (nested.body.examples !== undefined)
        throw new RegentError(
          "translation_unsupported",
          "examples: only TensorFlow Serving classifies and regresses",
        );
      const { key, layout } = form.findTensors?.(nested.body) ?? memberOf(nested, form.requestKeys);
      const isServed = form.hasSignatures && isSignature(nested.body, signatureName);
      warnOfOthers(nested.body, isServed ? [key, SIGNATURE_NAME] : [key], warn);
      const onlyName = inputs?.length === 1 ? inputs[0]?.name : undefined;
      const tensors = readColumns(nested, key, layout, onlyName);
      return {
        model: urlModel,
        version: urlVersion,
        tensors,
        layout,
        id: undefined,
        outputs: undefined,
        parameters: {},
      };
    },
    writeRequest(request, { layout: declared, signatureName }, warn) {
      warnOfRequest(request, form, warn);
      const layout = chooseLayout(
        form.requestKeys,
        request.tensors,
        declared ?? request.layout,
        declared !== undefined,
      );
      const text = writeNested(request.tensors, layout, form.nonfinite);
      const version = form.hasVersions ? request.version : undefined;
      const signature =
        form.hasSignatures && signatureName !== undefined
          ? `"${SIGNATURE_NAME}":${JSON.stringify(signatureName)},`
          : "";
      const place = `/v1/models/${encodeURIComponent(request.model ?? "")}`;
      return {
        bytes: Buffer.from(`{${signature}"${form.requestKeys[layout]}":${text}}`),
        contentType: "application/json",
        headers: [],
        path: `${version === undefined ? place : `${place}/versions/${encodeURIComponent(version)}`}:predict`,
        hints: hintsOf(request),
      };
    },
    readReply(bytes, facts, warn) {
      const nested = parseNested(bytes);
      const error = readPlainError(nested.body);
      if (error !== undefined) return { failure: error.error.message };
      const { key, layout } = memberOf(nested, form.replyKeys);
      warnOfOthers(nested.body, [key], warn);
      const tensors = readColumns(nested, key, layout);
      return { model: facts.model, version: undefined, tensors, id: undefined, parameters: {} };
    },
    writeReply(reply, facts, declared, warn) {
      warnOfReply(reply, form, facts.model, warn);
      const wanted = facts.hints?.layout ?? declared.layout;
      const layout = chooseLayout(form.replyKeys, reply.tensors, wanted, wanted !== undefined);
      const text = writeNested(reply.tensors, layout, form.nonfinite);
      return {
        bytes: Buffer.from(`{"${form.replyKeys[layout]}":${text}}`),
        contentType: "application/json",
        headers: [],
      };
    },
    writeFailure: plainFailure,
  };
}

/** @throws RegentError body_invalid unless exactly one of the members is there */
function memberOf({ body }: NestedBody, keys: LayoutKeys): Place {
  const there = (["row", "columnar"] as const).flatMap((layout) => {
    const key = keys[layout];
    return key !== undefined && Object.hasOwn(body, key) ? [{ key, layout }] : [];
  });
  const [only] = there;
  if (only === undefined || there.length > 1) {
    const names = Object.values(keys).filter((key) => key !== undefined);
    throw new RegentError(
      "body_invalid",
      `${only === undefined ? "no" : "more than one of"} ${names.join(", ")}`,
    );
  }
  return only;
}

/**
 * The layout that is wanted, if the dialect has it; else rows where the tensors have one batch size.
 *
 * @param isFixed whether another one would not do
 */
function chooseLayout(
  keys: LayoutKeys,
  tensors: readonly TensorValue[],
  wanted: Layout | undefined,
  isFixed: boolean,
): Layout {
  if (keys.columnar === undefined) return "row";
  if (wanted !== undefined && (isFixed || wanted === "columnar" || fitRows(tensors))) return wanted;
  return fitRows(tensors) ? "row" : "columnar";
}

function hintsOf({ id, outputs, layout }: TensorRequest): AnswerHints {
  return {
    ...(id === undefined ? {} : { requestId: id }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(layout === undefined ? {} : { layout }),
  };
}

/** Which of a model's signatures a request of TensorFlow Serving is for. */
const SIGNATURE_NAME = "signature_name";

/**
 * Whether a request names the signature that the model is declared to be served by.
 *
 * @throws RegentError body_invalid where it names another
 */
function isSignature({ [SIGNATURE_NAME]: asked }: JsonObject, served: string | undefined): boolean {
  if (asked === undefined || served === undefined) return false;
  if (asked !== served)
    throw new RegentError(
      "body_invalid",
      `${SIGNATURE_NAME}: the model is served by its signature ${served}`,
    );
  return true;
}

function warnOfOthers(body: JsonObject, carried: readonly string[], warn: Warn): void {
  for (const name of Object.keys(body)) {
    if (carried.includes(name)) continue;
    warn({
      code: "dropped",
      member: `/${pointerToken(name)}`,
      message: name === SIGNATURE_NAME ? "other servers have one signature a model" : "it is no tensor",
    });
  }
}

function warnOfRequest({ tensors, parameters, version }: TensorRequest, form: NestedForm, warn: Warn): void {
  warnOfParameters(tensors, parameters, form, warn);
  if (version !== undefined && !form.hasVersions)
    warn({ code: "dropped", member: "", message: `${form.name} has no versions in its paths` });
}

function warnOfReply(
  { tensors, parameters, model, version, id }: TensorReply,
  form: NestedForm,
  asked: string | undefined,
  warn: Warn,
): void {
  warnOfParameters(tensors, parameters, form, warn);
  const lost = { model_name: model === asked ? undefined : model, model_version: version, id };
  for (const [name, value] of Object.entries(lost)) {
    if (value !== undefined)
      warn({ code: "dropped", member: `/${name}`, message: `${form.name} does not say it` });
  }
}

function warnOfParameters(
  tensors: readonly TensorValue[],
  parameters: JsonObject,
  { name }: NestedForm,
  warn: Warn,
): void {
  const all = [
    ...Object.keys(parameters).map((key) => `/parameters/${pointerToken(key)}`),
    ...tensors.flatMap(({ pointer, parameters: own = {} }) =>
      Object.keys(own).map((key) => `${pointer}/parameters/${pointerToken(key)}`),
    ),
  ];
  for (const member of all) warn({ code: "dropped", member, message: `${name} has no parameters` });
}
