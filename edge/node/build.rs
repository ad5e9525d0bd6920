//! Tells the linker that Node.js has what the addon lacks.

fn main() {
    napi_build::setup();
}
