/** A colon, and a slash, as clients write them in one segment of a path. */
const COLON = "(?::|%3[Aa])";
const SLASH = "%2[Ff]";
const PART = `[A-Za-z0-9](?:[\\w.-]|${COLON})*`;

/**
 * ARNs with a slash in them, as AWS's clients write them into a path to name models, inference profiles and prompts
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html): the slash is escaped and stands behind
 * the five colons, and every part around it begins with a letter or a digit. So no server that undoes the escape of the
 * slash finds a dot segment, an empty one, or another path than that of the same model.
 *
 * A regular expression without anchors, which Envoy (RE2) matches too: what one of the two takes, the other does.
 */
export const ARN_PATTERN = `${[...["arn", "aws[a-z-]*", "[a-z0-9-]+", "[a-z0-9-]*", "[0-9]*"], PART].join(
  COLON,
)}${SLASH}${PART}(?:${SLASH}${PART})?`;

const ARN = new RegExp(`^${ARN_PATTERN}$`);

/** Whether a segment of a path, as it is spelt, is an ARN with a slash in it. */
export function isArn(segment: string): boolean {
  return ARN.test(segment);
}
