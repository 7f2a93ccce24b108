//! A kernel that does nothing for a while. Behind it the host queues what is to be timed, so that the
//! card finds it ready: otherwise a short kernel would be charged for the host's way to the queue.

use crate::{Kernel, Signature};

pub(super) static SPACER: Kernel =
    Kernel::new("device/spacer", "spacer", &Signature::NONE).cuda(TEXT, &[]);

/// About ten microseconds at the clocks of today's cards; the host needs three or four.
const TEXT: &str = r#"
extern "C" __global__ void spacer() {
    const long long start = clock64();
    while (clock64() - start < 20000) {
    }
}
"#;

#[cfg(test)]
mod tests {
    use crate::cuda::{compile, compile_available};

    #[test]
    fn it_compiles() {
        match compile_available() {
            Ok(_) => {
                compile(&super::SPACER, &[], "sm_90a", None).unwrap();
            }
            Err(why) => crate::testing::skip("nvrtc", &why.to_string()),
        }
    }
}
