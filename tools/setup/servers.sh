# Servers that are not Regent's and that tests run against, under .tools/. Sourced, not run. Needs lib.sh.

# MLServer takes half a gigabyte and a minute, and only tests need it: without it they are skipped, and say so.
mlserver() {
  key=$(hash_of test/tensors/requirements.txt)
  stamped mlserver "$key" && return
  if ! command -v python3 >/dev/null || ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    say "Python's venv module is not there: the tests against MLServer will be skipped."
    return
  fi
  step "mlserver (PyPI packages of test/tensors/requirements.txt)" install_mlserver || {
    rm -rf "$tools/mlserver"
    say "MLServer could not be fetched: the tests against it will be skipped. To try again: rm $stamps/mlserver"
  }
  stamp mlserver "$key"
}
install_mlserver() {
  # exec: the step's process is pip itself, and ends with it.
  python3 -m venv --clear "$tools/mlserver" &&
    exec "$tools/mlserver/bin/pip" install --disable-pip-version-check --no-input -r test/tensors/requirements.txt
}
