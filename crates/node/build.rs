//! Tells the linker that the runtime which loads the addon brings Node-API.
fn main() {
    napi_build::setup();
}
