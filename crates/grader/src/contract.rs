//! What the engine asks of a kernel: all cases of the parity table, where it can run. And a CUDA kernel
//! where there is no card: compiled as the judge would launch it, and its entry compared with what the
//! launch passes.

use crate::grade::Case;
use crate::{Failure, Outcome, Trial, Verdict};
use std::path::Path;
use strata_judges::{StandIn, Wait};
use strata_ml::device::{Error, Overlay, RungInfo, cuda};
use strata_parity::{Note, Probe, Watch, cases, noted};

/// The card that kernels are compiled for where there is none.
const ARCH: &str = "compute_80";

/// Holds a kernel to the parity table's case of the rung that it stands in for.
pub(crate) fn hold(kernel: StandIn<'_>) -> Wait<'_, usize> {
    Box::pin(async move {
        let StandIn { op, rung, device, watch, judging } = kernel;
        let case = cases().into_iter().find(|case| case.op == op);
        let (Some(case), Some(rung)) = (case, rung_of(op, rung)) else {
            return Err(Failure::ours(format!("the engine has no {op}={rung}, a task's contract")));
        };
        let mut probe = Probe::new(case.op, rung.name, case.page, device).watched(watch.clone());
        if !judging {
            probe = probe.unjudged();
        }
        (case.run)(&mut probe).map_err(of_parity)?;
        Ok(probe.checks())
    })
}

/// A rung of the engine.
pub(crate) fn rung_of(op: &str, rung: &str) -> Option<RungInfo> {
    let ladder = strata_ml::ladders().into_iter().find(|ladder| ladder.op == op);
    ladder.and_then(|ladder| ladder.rungs.into_iter().find(|r| r.name == rung))
}

/// What is red in the parity table, as a judge says it.
pub(crate) fn of_parity(error: strata_parity::Error) -> Failure {
    use strata_parity::Error as Parity;
    match error {
        Parity::Report(report) => Failure::Report(report),
        Parity::Tensor(error) => Failure::Tensor(error),
        Parity::Device(error) => Failure::Device(error),
        Parity::Transformer(error) => Failure::Transformer(error),
        Parity::Fault(text) => Failure::Fault(text),
        Parity::Text(text) => Failure::ours(text),
    }
}

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
    let trial = Trial::new(case.task, case.language, device, Watch::default(), hold);
    case.judged(&mut trial.unjudged())?;
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
