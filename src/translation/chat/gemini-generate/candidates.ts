import { RegentError } from "../../../exchange/errors.ts";
import { CANDIDATES_MAX } from "../../../formats/gemini-generate/answer.ts";

/** @throws RegentError upstream_invalid for more answers to one request than Gemini's readers take */
export function assertCandidates(count: number): void {
  if (count > CANDIDATES_MAX)
    throw new RegentError("upstream_invalid", `The answer has more than ${CANDIDATES_MAX} choices.`);
}
