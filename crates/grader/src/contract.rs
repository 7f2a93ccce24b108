//! A CUDA kernel where there is no card: compiled as the judge would launch it, and its entry
//! compared with what the launch passes.

use crate::grade::{Case, panicked};
use crate::{Failure, Outcome, Trial, Verdict};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use strata_ml::device::{Error, Overlay, cuda};
use strata_parity::{Note, Watch, noted};

/// The card that kernels are compiled for where there is none.
const ARCH: &str = "compute_80";

/// Compiles what the judge would launch.
pub(crate) fn compiles(case: &Case, file: &Path, reason: &str) -> Verdict {
    let overlay = case.overlay(file);
    let outcome = notes(case).and_then(|notes| {
        for note in &notes {
            check(note, &overlay)?;
        }
        Ok(notes.len())
    });
    match outcome {
        Ok(0) => Verdict::rejected("device-error", "its judge launched none of its kernels"),
        Ok(_) => Verdict::Compiled { reason: reason.into() },
        Err(failure) => Verdict::Rejected(failure.rejection()),
    }
}

/// The task's kernel with every set of constants that it is launched with.
fn notes(case: &Case) -> Outcome<Vec<Note>> {
    let (device, notes) = noted();
    let mut trial = Trial::new(case.task, case.language, device, Watch::default()).unjudged();
    let judged = catch_unwind(AssertUnwindSafe(|| (case.judge.judge)(&mut trial)));
    judged.unwrap_or_else(|panic| Err(panicked(&*panic)))?;
    let mut list = notes.take();
    list.retain(|note| note.kernel.path == case.path);
    Ok(list)
}

fn check(note: &Note, overlay: &Overlay) -> Outcome {
    let ptx = match cuda::compile(note.kernel, &note.constants, ARCH, Some(overlay)) {
        // The engine would not launch it so, and no task asks for it.
        Err(Error::Unheeded { .. }) => return Ok(()),
        compiled => compiled?,
    };
    let ptx = String::from_utf8_lossy(&ptx);
    let (entry, buffers) = (note.kernel.entry, note.kernel.signature.bindings.len());
    let broken = |reason: String| -> Failure {
        Error::Launch { kernel: note.kernel.path.into(), reason }.into()
    };
    let Some(declared) = parameters(&ptx, entry) else {
        return Err(broken(format!(
            "its CUDA text has no entry `extern \"C\" __global__ void {entry}(...)`"
        )));
    };
    let pointers = declared.iter().take_while(|p| p.contains(".u64")).count();
    let structs = declared.len() - pointers;
    if pointers != buffers || structs > 1 {
        return Err(broken(format!(
            "its CUDA entry declares {} arguments, {pointers} of them pointers first; the launch \
             passes {buffers} pointers and then Params",
            declared.len()
        )));
    }
    Ok(())
}

/// The parameters of an entry, as PTX declares them.
fn parameters<'a>(ptx: &'a str, entry: &str) -> Option<Vec<&'a str>> {
    let (_, from) = ptx.split_once(&format!(".entry {entry}("))?;
    let (list, _) = from.split_once(")\n")?;
    Some(list.split(',').map(str::trim).filter(|p| p.starts_with(".param")).collect())
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn parameters_are_found() {
        let ptx = ".visible .entry gelu(\n\t.param .u64 .ptr .align 1 gelu_param_0,\n\t.param .u64 \
                   gelu_param_1,\n\t.param .align 4 .b8 gelu_param_2[4]\n)\n.maxntid 256\n{";
        let found = parameters(ptx, "gelu").unwrap();
        assert_eq!(found.len(), 3);
        assert!(found[0].contains(".u64") && found[2].contains(".b8"));
        assert_eq!(parameters(ptx, "relu"), None);
    }
}
