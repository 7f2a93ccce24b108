//! What this machine can judge: Rust always; WGSL where there is an adapter, hardware or software;
//! CUDA where there is a card, and at least its compilation where there is NVRTC.

use crate::Language;
use strata_ml::device::{Found, cuda, devices};

/// A language, and what this machine can do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The language.
    pub language: Language,
    /// What can be done.
    pub here: Here,
}

/// What can be done with a language here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Here {
    /// It runs on the device of this name.
    Runs(String),
    /// It can be compiled, not run, for this reason.
    Compiles(String),
    /// Neither, for this reason.
    Absent(String),
}

/// The tiers of this machine: Rust, WGSL, CUDA.
pub fn tiers() -> Vec<Tier> {
    let found = pollster::block_on(devices());
    let of = |language: Language| Tier { language, here: here(language, &found) };
    [Language::Rust, Language::Wgsl, Language::Cuda].into_iter().map(of).collect()
}

fn here(language: Language, found: &[Found]) -> Here {
    let machine = language.machine();
    let mut reason = String::from("not looked for in this build");
    for one in found.iter().filter(|f| f.machine == machine) {
        match &one.info {
            Ok(info) => return Here::Runs(info.label()),
            Err(error) => {
                let (text, named) = (error.to_string(), format!("{machine} is not available: "));
                reason = text.strip_prefix(&named).unwrap_or(&text).to_string();
            }
        }
    }
    match language {
        Language::Cuda if cuda::compile_available().is_ok() => Here::Compiles(reason),
        _ => Here::Absent(reason),
    }
}

/// The lines that say what will not be run here, each `SKIPPED: ...`.
///
/// # Errors
/// `STRATA_REQUIRE` names a machine that is not here: in CI a skip of what must be there is a
/// failure.
pub fn announce(tiers: &[Tier]) -> Result<Vec<String>, String> {
    let required = std::env::var("STRATA_REQUIRE").unwrap_or_default();
    let mut lines = Vec::new();
    for tier in tiers {
        let machine = tier.language.machine();
        let line = match &tier.here {
            Here::Runs(_) => continue,
            Here::Compiles(why) => {
                format!("{machine}: {}. Kernels are compiled, not run", why.trim_end_matches('.'))
            }
            Here::Absent(why) => format!("{machine}: {why}"),
        };
        if required.split(',').any(|name| name.trim() == machine.name()) {
            return Err(format!("STRATA_REQUIRE asks for {line}"));
        }
        lines.push(format!("SKIPPED: {line}"));
    }
    Ok(lines)
}
