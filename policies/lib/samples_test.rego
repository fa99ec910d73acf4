# METADATA
# title: Samples for tests
# description: Whole input documents and data, as the demo has them. Tests change the part they are about.
package regent.samples_test

request := {
	"version": {"regent": 1},
	"phase": "request",
	"request": {
		"id": "0193a7f0-0000-7000-8000-000000000001",
		"time": "2026-11-21T09:00:00.000Z",
		"method": "POST",
		"scheme": "https",
		"host": "models.example",
		"path": "/v1/chat/completions",
		"parsed_path": ["v1", "chat", "completions"],
		"parsed_query": {},
		"headers": {"content-type": ["application/json"]},
		"size": 80,
		"body": {"model": "default", "messages": [{"role": "user", "content": "Hello"}]},
	},
	"identity": acme,
	"inference": {
		"format": "openai-chat",
		"operation": "chat",
		"model": "default",
		"stream": false,
		"text_bytes": 5,
		"input_tokens_estimate": 9,
		"tools": [],
		"modalities": ["text"],
		"parameters": {},
	},
	"model": model,
	"targets": [
		{"name": "sim-us", "model_version": "sim-small-1", "region": "us", "provider": "sim", "format": "openai-chat", "weight": 1},
		{"name": "sim-eu", "model_version": "sim-small-1", "region": "eu", "provider": "sim", "format": "openai-chat", "weight": 1},
	],
}

response := object.union(request, {
	"phase": "response",
	"response": {"status": 200, "headers": {"content-type": ["application/json"]}, "latency_ms": 12},
})

model := {
	"name": "sim-small",
	"stage": "active",
	"data_classes": ["public", "internal", "personal"],
	"context_window": 4096,
	"max_output_tokens": 256,
	"versions": [{"name": "sim-small-1", "weight": 1, "targets": ["sim-us", "sim-eu"]}],
}

acme := {"subject": "acme-analyst", "tenant": "acme", "roles": ["analyst"], "claims": {}, "method": "api_key"}

globex := {"subject": "globex-analyst", "tenant": "globex", "roles": ["analyst"], "claims": {}, "method": "api_key"}

initech := {"subject": "initech-analyst", "tenant": "initech", "roles": ["analyst"], "claims": {}, "method": "api_key"}

anonymous := {"roles": [], "claims": {}, "method": "none"}

tenants := {
	"acme": {"home_region": "us", "data_class": "internal"},
	"globex": {"home_region": "eu", "residency": ["eu"], "data_class": "internal"},
	"initech": {"home_region": "us", "data_class": "internal", "budget": {"tokens": 2000, "window": "1h"}},
}

# The request with parts replaced, without the parts named.
changed(changes, removed) := json.remove(object.union(request, changes), removed)

with_model(changes) := object.union(request, {"model": changes})

# A request that no format understood.
plain(method, path) := json.remove(
	object.union(request, {"request": {"method": method, "path": path}}),
	["/inference", "/model", "/targets"],
)
