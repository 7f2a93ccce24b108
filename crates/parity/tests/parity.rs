//! The whole table, on whatever this computer has.
use std::io::Write;
use strata_check::Tolerance;
use strata_ml::device::{
    Backend, Choice, LadderInfo, Machine, Precision, Settings, expand_wgsl, testing,
};
use strata_parity::table::{Cell, Filter, Row, run};
use strata_parity::{Fault, Probe, What, cases, guarded, noted};

#[test]
fn every_op_on_every_rung_on_every_device() {
    let table = run(&Filter::default(), |_| {});
    // Past the harness's capture: a green run shows what it covered.
    let _ = writeln!(std::io::stderr(), "\n{table}");
    for (machine, reason) in table.skipped() {
        testing::skip(machine, reason);
    }
    assert!(table.unchecked.is_empty(), "ops without a case: {:?}", table.unchecked);
    if let Some(failing) = table.failures().next() {
        let (op, rung, device) = (failing.op, failing.rung, failing.device);
        panic!("{op} {rung} on {device}:\n{}", failing.report);
    }
    for row in &table.rows {
        assert_eq!(row.cells.len(), table.columns.len(), "{} {}", row.op, row.rung);
        let told = row.cells.iter().any(|c| matches!(c, Cell::Pass { .. } | Cell::Compiles { .. }));
        let absent = table.skipped().count() > 0;
        assert!(told || absent, "{} {} was tried nowhere", row.op, row.rung);
    }
}

#[test]
fn cases_and_ladders_name_the_same_ops() {
    let mut ops: Vec<_> = strata_ml::ladders().iter().map(|l| l.op).collect();
    let mut judged: Vec<_> = cases().iter().map(|c| c.op).collect();
    ops.sort_unstable();
    judged.sort_unstable();
    assert_eq!(ops, judged);
}

#[test]
fn a_filter_takes_its_part_of_the_table() {
    let cpu: Choice = "cpu".parse().unwrap();
    let (ops, devices) = (vec!["zip".into()], vec![cpu]);
    let table = run(&Filter { ops, devices, ..Filter::default() }, |_| {});
    assert_eq!(table.columns.len(), 1);
    assert!(table.rows.iter().all(|r| r.op == "zip") && !table.rows.is_empty());
    assert!(table.passed(), "{table}");
    assert!(serde_json::to_string(&table).unwrap().contains("\"verdict\":\"pass\""));
}

/// What kernels say that they take must be judged: the CPU runs every kernel's text of floats that are
/// stored in 16 bits.
#[test]
fn an_op_that_takes_floats_of_16_bits_is_judged_in_them() {
    let halves = [Precision::F16, Precision::Bf16];
    let takes = |l: &LadderInfo| {
        let here = l.rungs.iter().filter(|r| r.machines.contains(&Machine::Cpu));
        here.flat_map(|r| r.precisions()).any(|p| halves.contains(&p))
    };
    let ops: Vec<String> =
        strata_ml::ladders().iter().filter(|l| takes(l)).map(|l| l.op.into()).collect();
    assert!(ops.iter().any(|op| op == "matmul"), "{ops:?}");
    let devices = vec!["cpu".parse().unwrap()];
    let table = run(&Filter { ops: ops.clone(), devices, precisions: halves.to_vec() }, |_| {});
    assert!(table.passed(), "{table}");
    for op in ops {
        for precision in halves {
            let rows = table.rows.iter().filter(|r| r.op == op && r.precision == precision.name());
            let passed = |row: &Row| row.cells.iter().any(|c| matches!(c, Cell::Pass { .. }));
            assert!(rows.clone().any(passed), "{op} takes {precision} and is not judged in it");
        }
    }
}

/// The guard on a machine that it is right about.
fn cpu() -> std::sync::Arc<dyn Backend> {
    let choice = Choice { machine: Machine::Cpu, index: None };
    let backend = pollster::block_on(choice.backend(&Settings::default())).unwrap();
    std::sync::Arc::from(backend)
}

#[test]
fn what_no_kernel_writes_is_poison() {
    let (device, _) = guarded(cpu(), Settings::default());
    let mut probe = Probe::new("fill", "1_naive", "book/src/01-tensor.md", &device);
    let untouched =
        strata_ml::tensor::Tensor::empty(probe.device(), strata_ml::tensor::DType::F32, &[3, 5])
            .unwrap();
    let said = probe.check("y", &untouched, &[0.0; 15], &Tolerance::close(1e9, 0.0)).unwrap_err();
    assert!(said.to_string().contains("15 of 15"), "{said}");
}

#[test]
fn another_result_the_second_time_is_caught() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static CALLS: AtomicU32 = AtomicU32::new(0);
    strata_ml::device::kernel! {
        mod count {
            bindings { out: write f32 }
            params {}
        }
        static FICKLE = "test/fickle"(fickle) { cpu: fickle }
    }
    fn fickle(count::Cpu { out, .. }: count::Cpu<'_>) {
        out.fill(CALLS.fetch_add(1, Ordering::Relaxed) as f32);
    }
    let (device, watch) = guarded(cpu(), Settings::default());
    let buffer = device.alloc(16).unwrap();
    device
        .launch(&FICKLE.launch(count::Bindings { out: buffer.whole() }, count::Params {}))
        .unwrap();
    let faults = watch.take();
    let what = What::Differs { binding: 0, words: vec![0, 1, 2, 3] };
    assert_eq!(faults, [Fault { kernel: "test/fickle", entry: "fickle", what }]);
}

/// Loops in a text: each costs a device that ends long ones a part of what it allows.
fn loops(text: &str) -> usize {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let starts = |line: &str| ["for (", "while (", "loop {"].iter().any(|word| line.contains(word));
    code.filter(|line| starts(line)).count()
}

/// The walk through the grid is counted by the launch itself; whatever else goes round must be stated,
/// or a device that ends long loops would be given one.
#[test]
fn every_launch_says_how_long_its_loops_are() {
    let ladders = strata_ml::ladders();
    let list = cases();
    for ladder in &ladders {
        let case = list.iter().find(|case| case.op == ladder.op).unwrap();
        for rung in ladder.rungs.iter().filter(|r| r.machines.contains(&Machine::Cuda)) {
            let (device, notes) = noted();
            let mut probe = Probe::new(case.op, rung.name, case.page, &device).unjudged();
            (case.run)(&mut probe).unwrap();
            for note in notes.take() {
                let Some(wgsl) = note.kernel.wgsl else { continue };
                let path = note.kernel.path;
                let whole =
                    expand_wgsl(path.into(), wgsl.text, wgsl.includes, &note.constants).unwrap();
                let loops = loops(&whole.text);
                assert!(
                    note.inner.is_some() || loops < 2,
                    "{path} has {loops} loops and says none"
                );
            }
        }
    }
}
