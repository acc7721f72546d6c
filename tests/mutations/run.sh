#!/usr/bin/env bash
# Breaks the engine on purpose, in a copy of the workspace, once for each patch in this folder, and demands that a sweep
# notices. A patch begins with what it breaks, and with the story and the test that must fail. With names as arguments,
# those patches alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} CARGO_TERM_COLOR=never RUST_BACKTRACE=0
# The same folder each time, so that what is built there is built once.
copy=$CARGO_TARGET_DIR/mutations
log=$CARGO_TARGET_DIR/mutations.log
# All of them, so that what they depend on has the features of the everyday build, and is not built again.
# The copy's programs are linked to where the everyday build has its own: the next build puts these back.
trap 'find "$CARGO_TARGET_DIR/debug" -maxdepth 1 -type f -executable -delete' EXIT
packages=(-p storage -p commands -p rehearsal -p bot -p tests)

names=("$@")
[ $# -gt 0 ] || for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
rm -rf "$copy"
mkdir -p "$copy"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --preserve=timestamps -t "$copy")
cd "$copy"

missed=0
for name in "${names[@]}"; do
    patch=$here/$name.patch began=$SECONDS
    read -r story test <<<"$(sed -n 's/^noticed by: //p' "$patch")"
    patch --quiet --strip=1 <"$patch" || { echo "$name: the patch does not apply any more" >&2; exit 2; }
    if ! cargo test --no-run "${packages[@]}" --test it >"$log" 2>&1; then
        echo "$name: the patched workspace does not build, see $log" >&2
        exit 2
    fi
    if STORY=$story cargo test "${packages[@]}" --test it -- --exact "$test" >"$log" 2>&1; then
        verdict="NOT NOTICED" missed=$((missed + 1))
    elif grep -q "^test $test .*FAILED" "$log"; then
        verdict="noticed"
    else
        echo "$name: $test did not run, see $log" >&2
        exit 2
    fi
    printf '%-22s %-11s %4d s  %s\n' "$name" "$verdict" $((SECONDS - began)) "$(head -1 "$patch")"
    patch --quiet --strip=1 --reverse <"$patch"
done
[ "$missed" -eq 0 ]
