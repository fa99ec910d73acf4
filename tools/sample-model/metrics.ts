/** What a sample model counts. */
export type Counts = {
  running: number;
  promptTokens: number;
  generationTokens: number;
  /** By finish reason. */
  readonly finished: Map<string, number>;
};

export function newCounts(): Counts {
  return { running: 0, promptTokens: 0, generationTokens: 0, finished: new Map() };
}

/** Requests that fill the pretended key-value cache. */
const CACHE_REQUESTS = 64;

/** Prometheus text with the names of vLLM (https://docs.vllm.ai/en/latest/usage/metrics.html). */
export function renderMetrics(model: string, counts: Counts): string {
  const labels = `{engine="0",model_name="${model}"}`;
  return [
    ...metric("vllm:num_requests_running", "gauge", "Requests being served.", [
      `${labels} ${counts.running}`,
    ]),
    ...metric("vllm:num_requests_waiting", "gauge", "Requests waiting.", [`${labels} 0`]),
    ...metric("vllm:kv_cache_usage_perc", "gauge", "Share of the key-value cache in use, 0 to 1.", [
      `${labels} ${Math.min(1, counts.running / CACHE_REQUESTS)}`,
    ]),
    ...metric("vllm:prompt_tokens", "counter", "Tokens of prompts.", [
      `_total${labels} ${counts.promptTokens}`,
    ]),
    ...metric("vllm:generation_tokens", "counter", "Tokens generated.", [
      `_total${labels} ${counts.generationTokens}`,
    ]),
    ...metric(
      "vllm:request_success",
      "counter",
      "Requests served.",
      [...counts.finished].map(
        ([reason, count]) => `_total{engine="0",finished_reason="${reason}",model_name="${model}"} ${count}`,
      ),
    ),
    "",
  ].join("\n");
}

function metric(name: string, type: "gauge" | "counter", help: string, samples: readonly string[]): string[] {
  const family = type === "counter" ? `${name}_total` : name;
  return [
    `# HELP ${family} ${help}`,
    `# TYPE ${family} ${type}`,
    ...samples.map((sample) => `${name}${sample}`),
  ];
}
