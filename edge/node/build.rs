//! Configures the linker: Node.js provides the Node-API symbols that the addon imports.

fn main() {
    napi_build::setup();
}
