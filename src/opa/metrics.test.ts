import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpaMetrics } from "./metrics.ts";

test("the plugin's metrics are there when they are switched on, with the buckets that are asked for", async () => {
  const metrics = createOpaMetrics();
  metrics.performance([0.001, 0.5]).observe(0.01);
  // Another configuration counts on.
  metrics.performance([1]).countError("request_parse_error");
  metrics.observeHttp("v1/data", "post", 200, 0.002);
  const text = await metrics.read();
  assert.match(text, /^grpc_request_duration_seconds_bucket\{le="0\.001",handler="check"\} 0$/m);
  assert.match(text, /^grpc_request_duration_seconds_bucket\{le="0\.5",handler="check"\} 1$/m);
  assert.match(text, /^error_counter\{reason="request_parse_error"\} 1$/m);
  assert.match(
    text,
    /^http_request_duration_seconds_count\{code="200",handler="v1\/data",method="post"\} 1$/m,
  );
});

test("the plugin's metrics are not there unless they are switched on", async () => {
  assert.doesNotMatch(await createOpaMetrics().read(), /grpc_request|error_counter/);
});
