import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { AnswerTextCollector, type AnswerTextReader, type AnswerTexts, isPresent } from "../answer-texts.ts";
import { listed } from "../openai/schema.ts";

/** The texts of an answer, whole, event by event, or as an array of what would have been events. */
export const answerTexts = { whole: read, event: read } satisfies AnswerTextReader;

function read(answer: JsonValue): AnswerTexts {
  const collector = new AnswerTextCollector();
  if (Array.isArray(answer))
    for (const [index, piece] of (answer as readonly JsonValue[]).entries())
      readPiece(collector, `/${index}`, piece);
  else readPiece(collector, "", answer);
  return collector.texts;
}

function readPiece(collector: AnswerTextCollector, pointer: string, piece: JsonValue): void {
  visit(collector, pointer, piece, (at, key, value) => {
    if (key === "candidates" && Array.isArray(value)) {
      for (const [position, candidate] of (value as readonly JsonValue[]).entries())
        readCandidate(collector, `${at}/${position}`, candidate, position);
    } else readRest(collector, at, key, value);
  });
}

function readCandidate(
  collector: AnswerTextCollector,
  pointer: string,
  candidate: JsonValue,
  position: number,
): void {
  const { index, finishReason } = isJsonObject(candidate) ? candidate : {};
  const lane = String(typeof index === "number" ? index : position);
  visit(collector, pointer, candidate, (at, key, value) => {
    if (key === "content") readContent(collector, lane, at, value);
    else readRest(collector, at, key, value);
  });
  if (isPresent(finishReason)) collector.end(lane);
}

function readContent(
  collector: AnswerTextCollector,
  lane: string,
  pointer: string,
  content: JsonValue,
): void {
  visit(collector, pointer, content, (at, key, value) => {
    if (key !== "parts" || !Array.isArray(value)) readRest(collector, at, key, value);
    else
      for (const [index, part] of (value as readonly JsonValue[]).entries())
        readPart(collector, lane, `${at}/${index}`, part);
  });
}

/** The texts of the parts of one content are one to who reads them; so are its thoughts. */
function readPart(collector: AnswerTextCollector, lane: string, pointer: string, part: JsonValue): void {
  const isThought = isJsonObject(part) && part.thought === true;
  visit(collector, pointer, part, (at, key, value) => {
    if (key === "text" && typeof value === "string")
      collector.add(at, value, { lane, name: isThought ? "thought" : "text" });
    else if (key === "functionCall") readCall(collector, lane, at, value);
    else readRest(collector, at, key, value);
  });
}

/** A call comes whole, or its texts grow in pieces that say where they belong. */
function readCall(collector: AnswerTextCollector, lane: string, pointer: string, call: JsonValue): void {
  visit(collector, pointer, call, (at, key, value) => {
    if (key !== "partialArgs" || !Array.isArray(value)) readRest(collector, at, key, value);
    else
      for (const [index, piece] of (value as readonly JsonValue[]).entries())
        visit(collector, `${at}/${index}`, piece, (inner, name, text) => {
          if (name === "stringValue" && typeof text === "string" && isJsonObject(piece))
            collector.add(inner, text, { lane, name: `args/${piece.jsonPath}` });
          else readRest(collector, inner, name, text);
        });
  });
}

/** Everything else that stands somewhere in an answer. */
function readRest(collector: AnswerTextCollector, pointer: string, key: string, value: JsonValue): void {
  // Only the provider can read a signature, and takes it back only as it was.
  if (NUMBERS.has(key) || (key === "thoughtSignature" && typeof value === "string")) return;
  if (OPAQUE.has(key) && isPresent(value)) collector.opaque(pointer);
  else if (isJsonObject(value))
    visit(collector, pointer, value, (at, name, inner) => readRest(collector, at, name, inner));
  else if (Array.isArray(value))
    collector.elements(pointer, value as readonly JsonValue[], (at, inner) =>
      readRest(collector, at, "", inner),
    );
  else collector.tree(pointer, value);
}

/** What says something in another form: media, and tokens that repeat what was said. */
const OPAQUE: ReadonlySet<string> = new Set(["inlineData", "logprobsResult"]);
/** Lists of numbers that are no tokens, and counts. */
const NUMBERS: ReadonlySet<string> = new Set(["groundingChunkIndices", "confidenceScores", "usageMetadata"]);

/** Visits the members of an object. A name that is not the schema's is a text as well. */
function visit(
  collector: AnswerTextCollector,
  pointer: string,
  value: JsonValue,
  member: (pointer: string, key: string, value: JsonValue) => void,
): void {
  if (isJsonObject(value)) collector.members(pointer, value, member, KEYS);
  else collector.tree(pointer, value);
}

/** Names in GenerateContentResponse. */
const KEYS: ReadonlySet<string> = new Set(
  listed(
    `candidates promptFeedback blockReason blockReasonMessage usageMetadata modelVersion responseId createTime
    modelStatus content parts role finishReason finishMessage index safetyRatings category probability
    probabilityScore severity severityScore blocked avgLogprobs logprobsResult tokenCount
    text thought thoughtSignature inlineData fileData mimeType fileUri displayName functionCall id name args
    partialArgs jsonPath stringValue numberValue boolValue nullValue willContinue executableCode language code
    codeExecutionResult outcome output toolCall toolType toolResponse response partMetadata videoMetadata
    citationMetadata citationSources citations startIndex endIndex uri title license publicationDate
    groundingMetadata groundingChunks groundingSupports webSearchQueries searchEntryPoint renderedContent sdkBlob
    retrievalMetadata web domain retrievedContext segment partIndex groundingChunkIndices confidenceScores maps
    placeId googleMapsWidgetContextToken urlContextMetadata urlMetadata retrievedUrl urlRetrievalStatus
    error message status details totalTokens totalBillableCharacters`,
  ),
);
