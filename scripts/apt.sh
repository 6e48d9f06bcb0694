# Sourced by setup.sh and system_data.sh: Debian packages, only where nobody has to be asked.
# shellcheck shell=bash

# True where apt-get exists and runs without a password. ML_SERVER_NO_APT=1 says no.
may_apt() {
  [[ -z "${ML_SERVER_NO_APT:-}" ]] && command -v apt-get >/dev/null && as_root true 2>/dev/null
}

as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; else sudo -n "$@"; fi
}

# Install packages; false where that fails (no network, no such package, someone else's apt running for over a minute).
apt_install() {
  printf 'setup: apt-get install %s\n' "$*"
  local get=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60)
  as_root "${get[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
  # The lists of a fresh machine are empty or old.
  as_root "${get[@]}" update >/dev/null 2>&1 &&
    as_root "${get[@]}" install -y --no-install-recommends "$@" >/dev/null
}
