# shellcheck shell=bash
# The release build that is packed and measured: link-time optimised, and without this computer's paths in it where the compiler writes them.

# release_build WORDS…: what is built besides, in cargo's words.
release_build() {
  local registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
  RUSTFLAGS="--remap-path-prefix=$PWD=kiro-sign-in --remap-path-prefix=$registry=registry" \
    cargo build --locked --release --package kiro-cli --package kiro-desktop --package kiro-identity-center "$@" || return
  programs=$CARGO_TARGET_DIR/release
}
