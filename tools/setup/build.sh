# Dependencies, the compiled program and the policy bundles. Sourced, not run. Needs lib.sh.

# npm ci empties node_modules first, so the stamp lies in there and goes with it.
dependencies() {
  key=$(hash_of package-lock.json)
  installed=node_modules/.regent-stamp
  if [ ! -f "$installed" ] || [ "$(cat "$installed")" != "$key" ]; then
    command -v npm >/dev/null || fail "npm is needed to install the dependencies." "Install it: apt-get install npm"
    step "dependencies (npm ci)" npm ci --ignore-scripts --no-audit --no-fund ||
      fail "The dependencies could not be installed."
    printf '%s\n' "$key" >"$installed"
  fi
  [ "$(readlink node_modules/.bin/regent || true)" = ../../bin/regent ] || ln -sfn ../../bin/regent node_modules/.bin/regent
}

# Compiles what the package ships to dist/. Types are stripped here and checked by `make lint` and `make test`.
build() {
  key=$(hash_of src tools/sample-model package-lock.json tsconfig.json tsconfig.build.json tools/setup/build.sh)
  stamped build "$key" && [ -f dist/src/main.js ] && return
  step "dist (tsc)" compile || fail "The sources could not be compiled."
  stamp build "$key"
}
compile() {
  node_modules/.bin/tsc -p tsconfig.build.json --noCheck || return
  # What tsc does not carry over: generated JavaScript and data beside the sources.
  find src tools/sample-model -type f ! -name '*.ts' ! -name '*.test.*' \( -name '*.js' -o -name '*.json' -o -name '*.wasm' \) ! -path '*/testdata/*' |
    while read -r file; do
      mkdir -p "dist/$(dirname "$file")" && cp "$file" "dist/$file" || return
    done || return
  # What was compiled from a file that is gone.
  mkdir -p dist/tools
  find dist/src dist/tools -name "*.js" | while read -r file; do
    source=${file#dist/}
    [ -f "$source" ] || [ -f "${source%.js}.ts" ] || rm -f "$file"
  done
}

# The two bundles that the samples, the demo and the tests run on.
bundles() {
  [ -f src/cli/policy.ts ] || return 0
  key=$(hash_of policies src/policy src/cli/policy.ts schema/capabilities.json tools/versions.env tools/setup/build.sh)
  stamped bundles "$key" && [ -f dist/policies.tar.gz ] && [ -f dist/demo-policies.tar.gz ] && return
  step "policy bundles (regent policy build)" build_bundles || fail "The policies could not be built."
  stamp bundles "$key"
}
build_bundles() {
  bin/regent policy build policies --ignore demo --ignore examples -o dist/policies.tar.gz &&
    bin/regent policy build policies policies/demo policies/examples/envoy_authz --ignore demo --ignore examples \
      -e regent/request/decision -e regent/response/decision -e envoy/authz/allow -o dist/demo-policies.tar.gz
}
