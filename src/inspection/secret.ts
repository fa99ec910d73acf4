import { isAlphanumeric, type Match } from "./detector.ts";

/** What a token may consist of after its prefix. */
type Alphabet = "alphanumeric" | "word" | "dotted" | "path";

const EXTRA: { readonly [name in Alphabet]: string } = {
  alphanumeric: "",
  word: "_-",
  dotted: "_-.",
  path: "_-/",
};

/** A published form of credentials: what it begins with, and how many characters follow. */
type Rule = {
  readonly prefix: string;
  readonly alphabet: Alphabet;
  readonly min: number;
  readonly max: number;
};

function rules(alphabet: Alphabet, min: number, prefixes: string, max = Number.POSITIVE_INFINITY): Rule[] {
  return prefixes.split(" ").map((prefix) => ({ prefix, alphabet, min, max }));
}

const RULES: readonly Rule[] = [
  // OpenAI, Anthropic and those that copied the form; xAI, Perplexity, Nvidia; Groq, Replicate, Hugging Face.
  ...rules("word", 20, "sk-ant- sk-proj- sk-svcacct- sk-admin- sk-or-v1- sk- xai- pplx- nvapi-"),
  ...rules("alphanumeric", 52, "gsk_", 52),
  ...rules("alphanumeric", 37, "r8_", 37),
  ...rules("alphanumeric", 34, "hf_ api_org_", 34),
  // AWS: four letters and 16 of base 32, no more. Bedrock keys are longer. Google: API keys, OAuth. Facebook.
  ...rules("alphanumeric", 16, "AKIA ASIA ABIA ACCA", 16),
  ...rules("alphanumeric", 100, "ABSK EAA"),
  ...rules("word", 35, "AIza", 35),
  ...rules("dotted", 40, "ya29."),
  // GitHub, GitLab, npm, PyPI, Docker, Vercel, Sourcegraph.
  ...rules("alphanumeric", 36, "ghp_ gho_ ghu_ ghs_ ghr_ npm_"),
  ...rules("word", 60, "github_pat_ pypi-AgEIcHlwaS5vcmc"),
  ...rules("word", 20, "glpat- gldt- glrt- glptt- glagent- glsoat- glcbt- dckr_pat_ _authToken="),
  ...rules("alphanumeric", 24, "vcp_ vci_ vca_ vcr_ vck_"),
  ...rules("word", 40, "sgp_"),
  // Stripe, Shopify, Slack, SendGrid, Notion, Linear, DigitalOcean, 1Password, Vault, Databricks.
  ...rules("alphanumeric", 16, "sk_live_ sk_test_ rk_live_ rk_test_ whsec_"),
  ...rules("alphanumeric", 32, "shpat_ shpca_ shppa_ shpss_"),
  ...rules("word", 20, "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxe.xoxp- xapp-"),
  ...rules("path", 30, "hooks.slack.com/services/ hooks.slack.com/workflows/"),
  ...rules("dotted", 60, "SG."),
  ...rules("alphanumeric", 46, "ntn_", 46),
  ...rules("alphanumeric", 40, "lin_api_ dop_v1_ doo_v1_ dor_v1_"),
  ...rules("word", 100, "ops_eyJ"),
  ...rules("dotted", 24, "hvs. hvb. hvr."),
  ...rules("alphanumeric", 32, "dapi", 32),
];

/** Rules by the code unit they begin with: most words are passed by after one look. */
const RULES_BY_FIRST: ReadonlyMap<number, readonly Rule[]> = Map.groupBy(
  [...RULES].sort((a, b) => b.prefix.length - a.prefix.length),
  ({ prefix }) => prefix.charCodeAt(0),
);
const JWT_PREFIX = "eyJ";
const JWT_FIRST = JWT_PREFIX.charCodeAt(0);
/** Shortest parts of a JWT: `{"alg":"none"}`, and a signature of 128 bits. */
const JWT_PART_LENGTHS_MIN = [16, 4, 20] as const;

/** `hf_xxxxxxxx` and the like in a manual are no secrets: a real token has many different characters. */
const DISTINCT_MIN = 8;
/** As much of a token as is looked at for that. */
const DISTINCT_SAMPLE = 24;

/** Credentials of a published form: tokens with a known prefix, JSON web tokens, private keys, passwords in URLs. */
export function detectSecrets(text: string): Match[] {
  return [...tokens(text), ...privateKeys(text), ...urlPasswords(text)].map(({ start, end }) => ({
    type: "SECRET",
    score: 0.95,
    start,
    end,
  }));
}

type Span = { readonly start: number; readonly end: number };

function tokens(text: string): Span[] {
  const spans: Span[] = [];
  const runs = createRuns(text);
  let insideWord = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!insideWord) {
      const end = code === JWT_FIRST ? jwtEnd(text, index, runs) : tokenEnd(text, index, code, runs);
      if (end !== undefined) {
        spans.push({ start: index, end });
        index = end - 1;
      }
    }
    insideWord = isAlphanumeric(text.charCodeAt(index));
  }
  return spans;
}

function tokenEnd(text: string, start: number, code: number, runs: Runs): number | undefined {
  for (const { prefix, alphabet, min, max } of RULES_BY_FIRST.get(code) ?? []) {
    if (!text.startsWith(prefix, start)) continue;
    const from = start + prefix.length;
    const end = withoutTrailingDots(text, runs[alphabet](from));
    if (end - from < min || end - from > max) continue;
    const sample = text.slice(from, Math.min(end, from + DISTINCT_SAMPLE));
    if (new Set(sample).size >= DISTINCT_MIN) return end;
  }
  return undefined;
}

/** RFC 7515, compact form: three parts of base64url, the first of which is a JSON object. */
function jwtEnd(text: string, start: number, runs: Runs): number | undefined {
  if (!text.startsWith(JWT_PREFIX, start)) return undefined;
  let from = start;
  for (const [part, lengthMin] of JWT_PART_LENGTHS_MIN.entries()) {
    const end = runs.jwt[part]?.(from) ?? from;
    if (end - from < lengthMin) return undefined;
    if (part === JWT_PART_LENGTHS_MIN.length - 1) return end;
    if (text.charAt(end) !== ".") return undefined;
    from = end + 1;
  }
  return undefined;
}

/** The end of a sentence is not part of a token. */
function withoutTrailingDots(text: string, end: number): number {
  let trimmed = end;
  while (text.charCodeAt(trimmed - 1) === 0x2e) trimmed--;
  return trimmed;
}

type Run = (from: number) => number;
type Runs = { readonly [name in Alphabet]: Run } & { readonly jwt: readonly Run[] };

function createRuns(text: string): Runs {
  return {
    alphanumeric: createRun(text, EXTRA.alphanumeric),
    word: createRun(text, EXTRA.word),
    dotted: createRun(text, EXTRA.dotted),
    path: createRun(text, EXTRA.path),
    // One for each part, since each remembers one run.
    jwt: JWT_PART_LENGTHS_MIN.map(() => createRun(text, EXTRA.word)),
  };
}

/**
 * Finds where a run of an alphabet ends. It remembers the last one: `sk-sk-sk-…` asks for the end of one run from
 * every place in it, and would cost the square of its length.
 */
function createRun(text: string, extra: string): Run {
  const punctuation = new Set([...extra].map((unit) => unit.charCodeAt(0)));
  let knownFrom = 0;
  let knownEnd = -1;
  return (from) => {
    if (from >= knownFrom && from <= knownEnd) return knownEnd;
    let end = from;
    for (let code = text.charCodeAt(end); isAlphanumeric(code) || punctuation.has(code); ) {
      end++;
      code = text.charCodeAt(end);
    }
    [knownFrom, knownEnd] = [from, end];
    return end;
  };
}

const PEM_BEGIN = "-----BEGIN ";
const PEM_END = "-----END ";
/** `-----BEGIN ENCRYPTED PRIVATE KEY-----` and the like. */
const PEM_LABEL = /^-----(?:BEGIN|END) ([A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?)-----/;
const PEM_LABEL_LENGTH_MAX = 80;
/** The smallest keys take more; less is an example. */
const PEM_BODY_LENGTH_MIN = 40;

/** RFC 7468. A key whose end is missing reaches to the end of the text: what follows its head may all be key. */
function privateKeys(text: string): Span[] {
  const spans: Span[] = [];
  let start = text.indexOf(PEM_BEGIN);
  while (start >= 0) {
    const head = PEM_LABEL.exec(text.slice(start, start + PEM_LABEL_LENGTH_MAX));
    if (head === null) {
      start = text.indexOf(PEM_BEGIN, start + PEM_BEGIN.length);
      continue;
    }
    const tail = text.indexOf(PEM_END, start);
    const tailLine = PEM_LABEL.exec(text.slice(tail, tail + PEM_LABEL_LENGTH_MAX))?.[0] ?? PEM_END;
    const end = tail < 0 ? text.length : tail + tailLine.length;
    const bodyEnd = tail < 0 ? end : tail;
    if (bodyEnd - start - head[0].length >= PEM_BODY_LENGTH_MIN) spans.push({ start, end });
    start = text.indexOf(PEM_BEGIN, end);
  }
  return spans;
}

const SCHEME_END = "://";
/** Longer user information is not looked through, which bounds the work for each `://`. */
const USER_INFO_LENGTH_MAX = 256;

/** `postgres://user:password@host`: the span is the user information. */
function urlPasswords(text: string): Span[] {
  const spans: Span[] = [];
  for (let scheme = text.indexOf(SCHEME_END); scheme >= 0; scheme = text.indexOf(SCHEME_END, scheme + 1)) {
    const start = scheme + SCHEME_END.length;
    const userInfo = /^[^\s/?#@:"'<>{}$]*:([^\s/?#@"'<>{}$]+)@/.exec(
      text.slice(start, start + USER_INFO_LENGTH_MAX),
    );
    if (userInfo?.[1] === undefined || isPlaceholder(userInfo[1])) continue;
    spans.push({ start, end: start + userInfo[0].length - 1 });
  }
  return spans;
}

/** What manuals write, and what is left of a password that somebody took out. */
function isPlaceholder(password: string): boolean {
  return /^(?:\*+|x+|pass|password|passwd|secret|your.*|replace.*)$/i.test(password);
}
