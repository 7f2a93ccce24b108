//! Every kernel that comes with Strata would pass, if it were a reader's.
use strata_device::{Caps, expand_wgsl, vet};

pub(super) fn pass() {
    let (mut failures, mut most, mut unseen) = (Vec::new(), (0, ""), Vec::new());
    // WebGPU's defaults, which every portable kernel is written for.
    let caps = Caps { max_workgroup: 256, shared_bytes: 16 << 10, ..Caps::default() };
    for (path, text) in strata_shaders::KERNELS {
        let loaded = expand_wgsl(path.to_string(), text, strata_shaders::INCLUDES, &[]).unwrap();
        if let Err(fault) = vet::wgsl(&loaded.text) {
            failures.push(format!("{path}.wgsl: {fault}"));
        }
        let entries = text.split("@compute").skip(1);
        let names = entries.filter_map(|rest| rest.split_once("fn ")?.1.split('(').next());
        for entry in names {
            match vet::look(&loaded, entry, &[], &caps) {
                Ok(vet::Looked { steps, ends }) => {
                    if std::env::var_os("STRATA_VET_SHOW").is_some() {
                        println!("{steps:6} {path}");
                    }
                    most = most.max((steps, path));
                    if !ends {
                        unseen.push(path);
                    }
                }
                Err(log) => failures.push(format!("{path}.wgsl: {entry}: {log}")),
            }
        }
    }
    for (path, text) in strata_kernels::KERNELS {
        if let Err(fault) = vet::cuda(text, strata_kernels::INCLUDES) {
            failures.push(format!("{path}.cu: {fault}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    println!("the most steps: {} ({})", most.0, most.1);
    assert!(most.0 > 100);
    // A reader who edits one of ours should not pay for a counter in its loops.
    println!("with a loop whose end is not seen: {unseen:?}");
    assert!(unseen.len() <= strata_shaders::KERNELS.len() / 10);
}
