//! The schedules against their oracles, and what they refuse.
use proptest::prelude::*;
use strata_adamw::Schedule;
use strata_check::oracle::schedule as oracle;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]
    #[test]
    fn schedules_follow_their_oracles(
        total in 0u64..500,
        a in 0u64..500,
        b in 0u64..500,
        peak in 1e-6f32..1.0,
        share in 0f32..=1.0,
    ) {
        let warmup = a % (total + 1);
        let decay = b % (total - warmup + 1);
        let floor = peak * share;
        let (p, f) = (f64::from(peak), f64::from(floor));
        for step in 0..total + 3 {
            let close = |schedule: Schedule, want: f64| {
                let got = f64::from(schedule.lr(step, total).unwrap());
                prop_assert!((got - want).abs() <= 1e-7 * want.abs() + 1e-12, "{schedule:?} at {step} of {total}: {got}, not {want}");
                Ok(())
            };
            close(Schedule::Cosine { peak, floor, warmup }, oracle::cosine(step, warmup, total, p, f))?;
            let want = oracle::wsd(step, warmup, decay, total, p, f);
            close(Schedule::Wsd { peak, floor, warmup, decay }, want)?;
            let want = if step < warmup { p * (step + 1) as f64 / warmup as f64 } else { p };
            close(Schedule::Constant { peak, warmup }, want)?;
        }
    }

    #[test]
    fn no_numbers_panic(
        total: u64, step: u64, warmup: u64, decay: u64, peak: f32, floor: f32,
    ) {
        for schedule in [
            Schedule::Constant { peak, warmup },
            Schedule::Cosine { peak, floor, warmup },
            Schedule::Wsd { peak, floor, warmup, decay },
        ] {
            if let Ok(lr) = schedule.lr(step, total) {
                prop_assert!((0.0..=peak).contains(&lr), "{schedule:?} gives {lr}");
            }
        }
        for name in Schedule::NAMES {
            let _ = Schedule::named(name, peak, total);
        }
    }
}

#[test]
fn named_schedules_and_errors() {
    let cosine = Schedule::named("cosine", 0.5, 1000).unwrap();
    assert_eq!(cosine, Schedule::Cosine { peak: 0.5, floor: 0.05, warmup: 50 });
    assert_eq!(cosine.name(), "cosine");
    let message = |r: strata_tensor::Result<Schedule>| r.unwrap_err().to_string();
    assert!(message(Schedule::named("linear", 1e-3, 10)).contains("constant, cosine, wsd"));
    for peak in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(message(Schedule::named("wsd", peak, 10)).contains("learning rate"));
    }
    let long = Schedule::Wsd { peak: 1.0, floor: 0.0, warmup: 8, decay: u64::MAX };
    assert!(long.lr(0, 10).unwrap_err().to_string().contains("do not fit"));
    let high = Schedule::Cosine { peak: 1.0, floor: 2.0, warmup: 0 };
    assert!(high.lr(0, 10).unwrap_err().to_string().contains("floor"));
}
