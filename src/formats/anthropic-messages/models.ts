import type { ListedModel, ModelWords } from "../format.ts";

/** The list of models as Anthropic words it: one page that holds all. */
export const models: ModelWords = {
  list: (listed) =>
    Buffer.from(
      JSON.stringify({
        data: listed.map(modelObject),
        has_more: false,
        first_id: listed[0]?.name ?? null,
        last_id: listed.at(-1)?.name ?? null,
      }),
    ),
  one: (model) => Buffer.from(JSON.stringify(modelObject(model))),
};

/** `created_at` is the epoch where no date is known, as Anthropic documents it. */
function modelObject({ name, created = 0 }: ListedModel): object {
  return {
    type: "model",
    id: name,
    display_name: name,
    created_at: new Date(created * 1000).toISOString().replace(".000Z", "Z"),
  };
}
