//! What a launch asks for by a constant, a reader's text must know of.
use strata_device::{Kernel, Machine, Overlay, Signature, load_cuda, load_wgsl};

const HEADERS: &[(&str, &str)] = &[
    ("mask.cuh", "#define LEFT_OUT 1\nconst bool on = MASK;"),
    ("plain.cuh", "// no MASK here"),
    ("mask.wgsl", "override MASK: u32 = 0u;\n"),
    ("plain.wgsl", "// no MASK here\n"),
];

/// A reader's file that does not name what it must heed is refused, where it is set, and only there.
#[test]
fn a_text_of_a_reader_knows_what_it_must_heed() {
    static KERNEL: Kernel = Kernel::new("heed/1_naive", "heed", &Signature::NONE)
        .cuda("", HEADERS)
        .wgsl("", HEADERS)
        .heeds(&["MASK"]);
    let folder = std::env::temp_dir().join(format!("strata-heed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let load = |machine: Machine, text: &str, constants: &[(&'static str, u32)]| {
        let file = folder.join("heed");
        std::fs::write(&file, text).unwrap();
        let overlay = Overlay::of_files(vec![(KERNEL.path.into(), machine, file)]);
        let loaded = match machine {
            Machine::Cuda => load_cuda(&KERNEL, constants, Some(&overlay)),
            _ => load_wgsl(&KERNEL, constants, Some(&overlay)),
        };
        loaded.map(|loaded| assert!(loaded.own)).map_err(|error| error.to_string())
    };
    let set = [("TILE", 8), ("MASK", 1)];
    for (machine, know, ignorant) in [
        (
            Machine::Cuda,
            ["#if MASK\n#endif", "#include \"mask.cuh\"", "# include \"mask.cuh\" // so"],
            ["// MASK", "#include \"plain.cuh\"\n/* MASK */", "const int MASKED = 1;"],
        ),
        (
            Machine::Wgpu,
            ["override MASK: u32;", "// include: mask", "const MASK: u32 = 1u; // tune: 1 2"],
            ["// MASK", "// include: plain\n", "const MASKED = 1;"],
        ),
    ] {
        for text in know {
            load(machine, text, &set).unwrap();
        }
        for text in ignorant {
            let error = load(machine, text, &set).unwrap_err();
            assert!(error.contains("constant MASK") && error.contains("heed"), "{error}");
            load(machine, text, &set[..1]).unwrap();
        }
    }
    // The built-in text is not asked.
    load_cuda(&KERNEL, &set, None).unwrap();
    load_wgsl(&KERNEL, &set, None).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
