/**
 * ARNs with a slash in them, as AWS's clients name models, inference profiles and prompts by
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html): the slash stands behind the five
 * colons, and every part around it begins with a letter or a digit. So no server that undoes the escape of the slash finds a
 * dot segment, an empty one, or another path than that of the same model.
 *
 * A regular expression without anchors that RE2 understands too. `colon`, `slash`: patterns of how they are written.
 */
export function arnPattern(colon: string, slash: string): string {
  const part = `[A-Za-z0-9](?:[\\w.-]|${colon})*`;
  const place = ["arn", "aws[a-z-]*", "[a-z0-9-]+", "[a-z0-9-]*", "[0-9]*", ""].join(colon);
  return `${place}${part}${slash}${part}(?:${slash}${part})?`;
}

const ARN = new RegExp(`^${arnPattern(":", "/")}$`);

/** Whether a name, percent-decoded once, is an ARN with a slash in it. */
export function isArn(name: string): boolean {
  return ARN.test(name);
}
