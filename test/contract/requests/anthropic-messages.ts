/** Every member of a request for a message (Anthropic's API reference), beta features included. */
const citations = [
  {
    type: "char_location",
    cited_text: "c",
    document_index: 0,
    document_title: "t",
    start_char_index: 0,
    end_char_index: 1,
  },
  {
    type: "page_location",
    cited_text: "c",
    document_index: 0,
    document_title: "t",
    start_page_number: 1,
    end_page_number: 2,
  },
  {
    type: "content_block_location",
    cited_text: "c",
    document_index: 0,
    document_title: "t",
    start_block_index: 0,
    end_block_index: 1,
  },
  { type: "web_search_result_location", cited_text: "c", encrypted_index: "e", title: "t", url: "u" },
  {
    type: "search_result_location",
    cited_text: "c",
    search_result_index: 0,
    source: "s",
    start_block_index: 0,
    end_block_index: 1,
    title: "t",
  },
];
const cacheControl = { type: "ephemeral", ttl: "5m" };
const text = { type: "text", text: "t", cache_control: cacheControl, citations };
const images = [
  {
    type: "image",
    source: { type: "base64", media_type: "image/png", data: "ZGF0YQ==" },
    cache_control: cacheControl,
  },
  {
    type: "image",
    source: { type: "url", url: "https://images.example/a.png" },
    transformations: { oversized_image: "downsize" },
  },
  { type: "image", source: { type: "file", file_id: "f" } },
];
const documents = [
  {
    type: "document",
    source: { type: "base64", media_type: "application/pdf", data: "ZGF0YQ==" },
    title: "t",
    context: "c",
    citations: { enabled: true },
  },
  { type: "document", source: { type: "text", media_type: "text/plain", data: "d" }, title: "t" },
  { type: "document", source: { type: "content", content: "c" } },
  { type: "document", source: { type: "content", content: [text, ...images] } },
  { type: "document", source: { type: "url", url: "https://files.example/a.pdf" } },
  { type: "document", source: { type: "file", file_id: "f" } },
];
const searchResult = {
  type: "search_result",
  source: "s",
  title: "t",
  content: [text],
  citations: { enabled: true },
};
const caller = { type: "code_execution_20260120", tool_id: "i" };

export const anthropicMessagesRequest = {
  model: "claude-sonnet-5",
  max_tokens: 5,
  system: [text],
  messages: [
    { role: "user", content: "t" },
    {
      role: "user",
      content: [text, ...images, ...documents, searchResult, { type: "container_upload", file_id: "f" }],
    },
    {
      role: "assistant",
      content: [
        text,
        { type: "thinking", thinking: "t", signature: "c2lnbmF0dXJl" },
        { type: "redacted_thinking", data: "ZGF0YQ==" },
        {
          type: "tool_use",
          id: "i",
          name: "n",
          input: { a: "b", deep: [{ c: "d" }] },
          caller,
          toolset_name: "t",
        },
        {
          type: "server_tool_use",
          id: "i",
          name: "web_search",
          input: { query: "q" },
          caller: { type: "direct" },
        },
        {
          type: "web_search_tool_result",
          tool_use_id: "i",
          content: [
            { type: "web_search_result", encrypted_content: "ZQ==", title: "t", url: "u", page_age: "p" },
          ],
        },
        {
          type: "web_search_tool_result",
          tool_use_id: "i",
          content: { type: "web_search_tool_result_error", error_code: "e" },
        },
        {
          type: "web_fetch_tool_result",
          tool_use_id: "i",
          content: { type: "web_fetch_result", url: "u", retrieved_at: "r", content: documents[1] },
        },
        {
          type: "code_execution_tool_result",
          tool_use_id: "i",
          content: {
            type: "code_execution_result",
            stdout: "o",
            stderr: "e",
            return_code: 0,
            content: [{ type: "code_execution_output", file_id: "f" }],
          },
        },
        {
          type: "code_execution_tool_result",
          tool_use_id: "i",
          content: {
            type: "encrypted_code_execution_result",
            encrypted_stdout: "ZQ==",
            stderr: "e",
            return_code: 0,
            content: [],
          },
        },
        {
          type: "bash_code_execution_tool_result",
          tool_use_id: "i",
          content: {
            type: "bash_code_execution_result",
            stdout: "o",
            stderr: "e",
            return_code: 0,
            content: [{ type: "bash_code_execution_output", file_id: "f" }],
          },
        },
        {
          type: "text_editor_code_execution_tool_result",
          tool_use_id: "i",
          content: { type: "text_editor_code_execution_str_replace_result", lines: ["l"], old_start: 1 },
        },
        {
          type: "text_editor_code_execution_tool_result",
          tool_use_id: "i",
          content: { type: "text_editor_code_execution_view_result", content: "c", file_type: "text" },
        },
        {
          type: "tool_search_tool_result",
          tool_use_id: "i",
          content: {
            type: "tool_search_tool_search_result",
            tool_references: [{ type: "tool_reference", tool_name: "n" }],
          },
        },
        { type: "mcp_tool_use", id: "i", name: "n", server_name: "s", input: { a: "b" } },
        { type: "mcp_tool_result", tool_use_id: "i", is_error: false, content: [text] },
        {
          type: "advisor_tool_result",
          tool_use_id: "i",
          content: { type: "advisor_result", text: "t", stop_reason: "s" },
        },
        { type: "compaction", content: "c", encrypted_content: "ZQ==" },
        { type: "fallback", from: { model: "m" }, to: { model: "m" } },
        { type: "of_tomorrow", words: "w", nested: { words: ["w"] } },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "i", content: "c", is_error: true, cache_control: cacheControl },
        {
          type: "tool_result",
          tool_use_id: "i",
          content: [text, images[0], searchResult, documents[0], { type: "tool_reference", tool_name: "n" }],
        },
      ],
    },
    { role: "system", content: [{ type: "tool_addition", tool: { type: "tool_reference", name: "n" } }] },
  ],
  cache_control: cacheControl,
  container: { id: "i", skills: [{ type: "custom", skill_id: "s", version: "v" }] },
  context_management: {
    edits: [
      {
        type: "clear_tool_uses_20250919",
        trigger: { type: "input_tokens", value: 1000 },
        keep: { type: "tool_uses", value: 3 },
        exclude_tools: ["n"],
        clear_tool_inputs: true,
      },
      { type: "compact_20260112", instructions: "i" },
    ],
  },
  diagnostics: { previous_message_id: "i" },
  inference_geo: "us",
  mcp_servers: [
    {
      type: "url",
      name: "n",
      url: "https://mcp.example/sse",
      authorization_token: "t",
      tool_configuration: { enabled: true, allowed_tools: ["n"] },
    },
  ],
  metadata: { user_id: "u" },
  output_config: {
    effort: "low",
    format: { type: "json_schema", schema: { type: "object", description: "d" } },
  },
  service_tier: "auto",
  speed: "fast",
  stop_sequences: ["s"],
  stream: true,
  temperature: 1,
  thinking: { type: "enabled", budget_tokens: 1024, display: "summarized" },
  tool_choice: { type: "tool", name: "n", disable_parallel_tool_use: true },
  tools: [
    {
      name: "n",
      description: "d",
      type: "custom",
      strict: true,
      input_schema: {
        type: "object",
        properties: { p: { type: "string", description: "d", enum: ["e"] } },
        required: ["p"],
      },
      input_examples: [{ p: "e" }],
      allowed_callers: ["direct"],
      cache_control: cacheControl,
    },
    {
      name: "web_search",
      type: "web_search_20250305",
      max_uses: 1,
      allowed_domains: ["d"],
      blocked_domains: ["d"],
      user_location: { type: "approximate", city: "c", country: "c", region: "r", timezone: "t" },
    },
    { name: "bash", type: "bash_20250124" },
    { name: "computer", type: "computer_20251124", display_width_px: 1, display_height_px: 1 },
    {
      type: "mcp_toolset",
      mcp_server_name: "n",
      default_config: { enabled: false },
      configs: { a: { enabled: true } },
    },
  ],
  top_k: 1,
  top_p: 1,
  of_tomorrow: { words: ["w"] },
};
