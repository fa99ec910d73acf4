import { JSON_SCHEMA_KEYS, JSON_SCHEMA_TYPES } from "../json-schema.ts";
import { COMMON_KEYS, COMMON_WORDS, listed, requestSchema } from "../openai/schema.ts";

/** Types of input items, by whose their strings are. */
const ITEM_TYPES_OF = {
  reasoning: listed("reasoning"),
  compaction: listed("compaction compaction_trigger"),
  id: listed("item_reference"),
  user: listed("mcp_approval_response"),
  tool_call: listed(
    `function_call custom_tool_call file_search_call computer_call web_search_call tool_search_call
    image_generation_call code_interpreter_call local_shell_call shell_call apply_patch_call
    mcp_call mcp_approval_request program`,
  ),
  tool: listed(
    `function_call_output custom_tool_call_output computer_call_output local_shell_call_output
    shell_call_output apply_patch_call_output program_output
    additional_tools tool_search_output mcp_list_tools`,
  ),
} as const;

/** Whose the strings of an input item are, by its type. Items of other types are reported as unknown. */
export const ITEM_ROLES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(ITEM_TYPES_OF).flatMap(([role, types]) => types.map((type) => [type, role] as const)),
);

/** Content parts that are text, whatever their other members say. */
export const TEXT_PARTS: ReadonlySet<unknown> = new Set(
  listed("input_text output_text text refusal summary_text reasoning_text logs"),
);

const PART_TYPES = listed(
  `message input_text output_text text refusal summary_text reasoning_text logs
  input_image input_audio input_file computer_screenshot image`,
);
const TOOL_TYPES = listed(
  `function custom mcp web_search web_search_preview file_search code_interpreter image_generation
  local_shell shell apply_patch computer computer_use_preview tool_search namespace
  programmatic_tool_calling allowed_tools grammar approximate auto`,
);
const ACTION_TYPES = listed(
  `search open_page find find_in_page exec click double_click drag keypress move screenshot scroll type wait
  create_file delete_file update_file exit timeout direct program local container_reference container_auto
  file_citation url_citation container_file_citation file_path`,
);

/** Names and values that belong to the schema of responses itself. */
export const SCHEMA = requestSchema({
  governed: listed(
    `model input instructions stream tools max_output_tokens previous_response_id conversation prompt
    background store user
    role content output outputs encrypted_content result`,
  ),
  words: {
    ...COMMON_WORDS,
    role: listed("system developer user assistant tool critic discriminator unknown"),
    type: [
      ...PART_TYPES,
      ...TOOL_TYPES,
      ...ACTION_TYPES,
      ...Object.values(ITEM_TYPES_OF).flat(),
      ...listed("json_object json_schema"),
      ...JSON_SCHEMA_TYPES,
    ],
    status: listed(
      "in_progress completed incomplete searching interpreting failed calling generating queued",
    ),
    phase: listed("commentary final_answer"),
    detail: listed("low high auto original"),
    effort: listed("none minimal low medium high xhigh max"),
    summary: listed("auto concise detailed"),
    generate_summary: listed("auto concise detailed"),
    verbosity: listed("low medium high"),
    truncation: listed("auto disabled"),
    tool_choice: listed("none auto required"),
    mode: listed("auto required implicit explicit score block"),
    execution: listed("server client"),
    require_approval: listed("always never"),
    search_context_size: listed("low medium high"),
    syntax: listed("lark regex"),
    include: listed(
      `reasoning.encrypted_content file_search_call.results web_search_call.results
      web_search_call.action.sources message.input_image.image_url
      computer_call_output.output.image_url code_interpreter_call.outputs message.output_text.logprobs`,
    ),
  },
  keys: [
    ...COMMON_KEYS,
    ...JSON_SCHEMA_KEYS,
    ...listed(
      `stream_options include_obfuscation include reasoning text max_tool_calls context_management moderation
      name arguments input parameters strict tool namespace server_label server_url action actions
      annotations logprobs token bytes refusal summary code results queries query command commands env
      variables version filename file_id file_data file_url image_url input_audio data image url tools
      defer_loading allowed_tools container filters ranking_options vector_store_ids user_location
      city country region timezone definition grammar schema caller environment outcome
      stdout stderr operation path diff patch approve reason error message ttl policy tokens`,
    ),
  ],
  ids: listed("id call_id item_id approval_request_id caller_id container_id"),
});
