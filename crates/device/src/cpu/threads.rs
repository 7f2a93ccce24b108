//! How many threads the processor's work may have: rayon reads that from the environment, and would
//! start a hundred thousand if it is told to.

use std::ffi::OsStr;
use std::sync::OnceLock;
use std::thread;

/// What rayon reads, in this order.
const VARIABLES: [&str; 2] = ["RAYON_NUM_THREADS", "RAYON_RS_NUM_CPUS"];

/// Threads to a core, and in all, beyond which a number is a typing mistake.
const TO_A_CORE: usize = 8;
const ALWAYS: usize = 64;

/// Sees to it that rayon starts a number of threads that this computer can have. Returns a warning,
/// in words, if the environment asks for another. Later calls only return it again.
///
/// Call it before anything else uses rayon; a [`Cpu`](super::Cpu) does.
pub fn bounded_threads() -> Option<&'static str> {
    static WARNING: OnceLock<Option<String>> = OnceLock::new();
    let look = || {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let set = VARIABLES.iter().find_map(|name| Some((*name, std::env::var_os(name)?)));
        let (name, value) = set?;
        let warning = refused(name, &value, cores)?;
        // If it fails, rayon has its threads already, and nothing is left to do.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(cores).build_global();
        Some(warning)
    };
    WARNING.get_or_init(look).as_deref()
}

/// Why this value is not taken; `None` if it is.
fn refused(name: &str, value: &OsStr, cores: usize) -> Option<String> {
    let most = ALWAYS.max(TO_A_CORE * cores);
    let text = value.to_string_lossy();
    if text.is_empty() || text.parse::<usize>().is_ok_and(|threads| threads <= most) {
        return None;
    }
    let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    let plural = if cores == 1 { "" } else { "s" };
    Some(format!(
        "{name}={shown} is not a number of threads from 1 to {most} (0 means one to a core): {cores} \
         thread{plural} are used, one to a core"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_numbers_are_refused_in_words() {
        let refused = |text: &str| refused("RAYON_NUM_THREADS", OsStr::new(text), 2);
        for fine in ["", "0", "1", "2", "64"] {
            assert_eq!(refused(fine), None, "{fine}");
        }
        for absurd in
            ["65", "100000", "-1", "abc", "1e9", "1.5", "99999999999999999999999", "\u{1b}[2J"]
        {
            let text = refused(absurd).unwrap();
            assert!(text.contains("RAYON_NUM_THREADS") && text.contains("1 to 64"), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
        assert!(refused(&"9".repeat(1 << 20)).unwrap().len() < 300);
    }
}
