# Shortcuts. What decides is in .ci/run: `just ci` runs all of it, `just ci STEP` one step.

# lists the recipes
default:
    @just --list --unsorted

# every test
test *args:
    cargo test {{ args }}

# serves the sample images, or another folder or bucket, on http://127.0.0.1:8080
serve source="images":
    cargo run --release -p safelight -- serve {{ source }}

# formats Rust and TOML
fmt:
    cargo fmt --all
    cargo fmt --manifest-path fuzz/Cargo.toml
    command -v taplo >/dev/null && taplo format || echo 'TOML is not formatted: pip install taplo==0.9.3'

# what a change must pass and needs little time for
lint: (ci "format" "toml" "typos" "links" "scripts" "locks" "lints")

# every check that decides whether a change lands, or the named steps: see .ci/run --list
ci *steps:
    .ci/run {{ steps }}

# the benches, or those whose name contains FILTER
bench *filter:
    cargo bench -p safelight-benches {{ filter }}

# one fuzz target until it finds something or is stopped, or every target for some seconds
fuzz target="":
    {{ if target == "" { ".ci/run fuzz" } else { "cargo +nightly fuzz run " + target } }}

# makes the sample images again, and checks them
samples: && (ci "samples")
    cargo run --release -p safelight-images --features generate

# the documentation of every crate
doc:
    cargo doc --workspace --no-deps --open

# AWS on loopback, with the real function
local:
    cargo run -p safelight-local -- images

# a container image of the server
container:
    docker build --tag safelight .
