/** Characters of one token. Coarse on purpose: counts must be easy to predict in a test. */
const TOKEN_CHARACTERS = 4;
/** What each message costs beside its text, as with real chat templates. */
const MESSAGE_OVERHEAD_TOKENS = 3;
/** Prompts are cached in blocks of this many tokens, as model servers do. */
const CACHE_BLOCK_TOKENS = 128;

/** Cuts a text into pieces of one token. They join to the text again. */
export function tokensOf(text: string): string[] {
  // By code points, so that no piece holds half of a character.
  const characters = [...text];
  const pieces: string[] = [];
  for (let at = 0; at < characters.length; at += TOKEN_CHARACTERS) {
    pieces.push(characters.slice(at, at + TOKEN_CHARACTERS).join(""));
  }
  return pieces;
}

/** Tokens of a prompt. */
export function promptTokens(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + MESSAGE_OVERHEAD_TOKENS + tokensOf(text).length, 0);
}

/** Tokens of a prompt that count as cached: whole blocks. */
export function cachedTokens(prompt: number): number {
  return prompt - (prompt % CACHE_BLOCK_TOKENS);
}
