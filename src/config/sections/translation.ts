import { z } from "zod";
import { section } from "./values.ts";

/** What becomes of a request whose target speaks another dialect than the client. */
export const translationSection = section({
  strict: z
    .boolean()
    .default(false)
    .describe("Refuse a request that cannot be translated whole, instead of naming what is lost"),
});

export type TranslationConfig = { readonly strict: boolean };
