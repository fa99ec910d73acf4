# Everything starts here; `make help` lists it. Nothing needs to be installed beforehand but Python 3, a Node with npm
# and Go: `make setup` fetches the rest into this folder and says so when one of them is missing.
#
# NODE=, ENVOY= and OPA= name programs to use instead of what is found on PATH or fetched.

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

# Handed on to tools/setup/setup only where they were given.
ifdef NODE
export NODE
endif
ifdef ENVOY
export ENVOY
endif
ifdef OPA
export OPA
endif

regent := node_modules/.bin/regent
with_tools := PATH="$(CURDIR)/.tools/bin:$(CURDIR)/node_modules/.bin:$$PATH"

.PHONY: help setup servers build proto demo run test parity bench lint format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: ## fetch the tools and dependencies, compile, build the sample policies (idempotent)
	@tools/setup/setup

servers: setup ## fetch the model server that tests run against (MLServer, half a gigabyte)
	@tools/setup/setup servers

build: setup ## the same: compile to dist/

proto: ## regenerate proto/ and the codecs from the pinned descriptors
	@tools/setup/setup dependencies
	@$(with_tools) tools/proto/generate

demo: setup ## start everything, send the tour, compare expected and got, tear down (KEEP=1 leaves logs and records)
	@$(regent) demo $(if $(KEEP),--keep) $(FLAGS)

# UPSTREAM=http://host:port puts your own OpenAI-compatible server behind it; MODELS=a,b and UPSTREAM_KEY_FILE= go with it.
# FLAGS= are further flags of the command, such as --port 0.
run: setup ## start the same stack on 127.0.0.1:10000 and stay up (UPSTREAM= MODELS= UPSTREAM_KEY_FILE=)
	@$(regent) run $(if $(UPSTREAM),--upstream '$(UPSTREAM)') $(if $(MODELS),--models '$(MODELS)') $(if $(UPSTREAM_KEY_FILE),--upstream-key-file '$(UPSTREAM_KEY_FILE)') $(FLAGS)

test: servers ## lint, types, Rego, unit, real Envoy, demo (STAGES="unit rego" runs some)
	@$(with_tools) node tools/test/main.ts $(STAGES)

parity: setup ## OPA's conformance cases and the recorded answers: passed, failed, excepted
	@$(with_tools) node test/conformance/main.ts

bench: setup ## what Regent adds to a request (PEER=name:port measures another ext_authz server beside it)
	@$(with_tools) node bench/main.ts $(if $(PEER),--peer '$(PEER)')

lint: ## check style and types
	@tools/setup/setup dependencies
	@$(with_tools) biome check .
	@$(with_tools) tsc -p tsconfig.json

format: ## rewrite what the formatter can
	@tools/setup/setup dependencies
	@$(with_tools) biome check --write .

clean: ## remove what was built; tools and dependencies stay
	@rm -rf dist var coverage .tools/stamps
