//! What a page does with the bindings: each job is polled to its end, on a device that answers late,
//! and nobody waits.
#[path = "../../strata/tests/page/late.rs"]
mod late;

use late::{drive, late, once};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use strata_bindings::*;

fn device() -> Device {
    Device::from(late().0)
}

fn tensor(device: &Device, numbers: &[f32]) -> u32 {
    let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    from_bytes(device, 0, vec![numbers.len() as f64], bytes).unwrap()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn tensors_are_computed_read_and_moved() {
    let (here, there) = (device(), device());
    let x = tensor(&here, &[3., 4.]);
    set_requires_grad(x, true).unwrap();
    let moved = drive(to_device(x, &there).unwrap().run()).unwrap();
    let squares = square(moved).unwrap();
    assert_eq!(floats(&drive(read(squares).unwrap().run()).unwrap()), [9., 16.]);
    let both = sum(square(x).unwrap(), vec![0.], false).unwrap();
    assert_eq!(drive(item_async(both).unwrap().run()).unwrap(), 25.);
    backward(both, 0, false).unwrap();
    let before = drive(clip_grad_norm_async(vec![x], 1.).unwrap().run()).unwrap();
    assert_eq!(before, 10.);
    let clipped = floats(&drive(read(grad(x).unwrap()).unwrap().run()).unwrap());
    assert!((clipped[0] - 0.6).abs() < 1e-5 && (clipped[1] - 0.8).abs() < 1e-5, "{clipped:?}");
    let rule = json!({"momentum": 0.0, "weight_decay": 0.0, "clip": null}).to_string();
    let optimizer = sgd(vec![x], vec![false], rule).unwrap();
    optimizer.step(0.5).unwrap();
    assert!((drive(optimizer.norm_async().unwrap().run()).unwrap() - 1.).abs() < 1e-5);
    drive(here.synchronize().unwrap().run()).unwrap();
}

fn prepared() -> (Gpt, Dataset, Trainer) {
    let options = json!({
        "source": "stories", "tokenizer": "bpe", "vocab_size": 512, "context": 48, "seed": 7,
    });
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = heard.clone();
    let on = move |event: &Value| {
        hear.lock().unwrap().push(event["stage"].clone());
        true
    };
    let data = drive(prepare_dataset(options.to_string(), None, on).unwrap().run()).unwrap();
    assert!(heard.lock().unwrap().contains(&json!("tokenizer")), "{heard:?}");
    let gpt = create_gpt(json!({"preset": "gpt-nano"}).to_string(), &device(), 7.).unwrap();
    let config = json!({
        "model": parsed(&gpt.config().unwrap()), "batch": 4, "accumulate": 1, "context": 48,
        "length": {"steps": 3}, "lr": 3e-3, "schedule": "constant", "betas": [0.9, 0.95],
        "weight_decay": 0.1, "clip": 1.0, "dropout": 0.1, "label_smoothing": 0.0, "seed": 7,
        "eval_every": 2, "eval_batches": 2,
    });
    let trainer = create_trainer(&gpt, config.to_string()).unwrap();
    (gpt, data, trainer)
}

#[test]
fn a_run_awaits_its_answers() {
    let (gpt, data, trainer) = prepared();
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let on = move |event: &Value| {
        heard.lock().unwrap().push(event["type"].clone());
        true
    };
    let run = trainer.fit(&data, None, None, "stories".into(), on).unwrap();
    let mut outcome = Box::pin(run.outcome().unwrap().run());
    assert_eq!(run.outcome().err().unwrap().code, "busy");
    let mut told = 0;
    let outcome = loop {
        if let Poll::Ready(done) = once(outcome.as_mut()) {
            break done.unwrap();
        }
        // The run stands still until it is answered, and whoever else wants the model hears so.
        assert_eq!(trainer.scheduled_lr().unwrap_err().code, "busy");
        if events.lock().unwrap().len() > told {
            told += 1;
            run.answer(true).unwrap();
        }
    };
    assert_eq!(parsed(&outcome)["stop"], "finished");
    let types = ["step", "step", "evaluated", "step", "evaluated", "sample"];
    assert_eq!(*events.lock().unwrap(), types);
    assert_eq!(parsed(&trainer.done().unwrap())["step"], 3);

    let sampling = json!({"temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 1}).to_string();
    let writer = create_writer(&gpt, sampling).unwrap();
    assert_eq!(drive(writer.next().unwrap().run()).unwrap_err().code, "value");
    drive(writer.read(data.prompt().unwrap()).unwrap().run()).unwrap();
    let token = drive(writer.next().unwrap().run()).unwrap();
    assert!(f64::from(token) < data.tokenizer().unwrap().vocab_size().unwrap());
}

#[test]
fn a_run_that_nobody_holds_ends() {
    let (_, data, trainer) = prepared();
    let run = trainer.fit(&data, None, None, "stories".into(), |_: &Value| true).unwrap();
    let outcome = run.outcome().unwrap();
    drop(run);
    assert_eq!(parsed(&drive(outcome.run()).unwrap())["stop"], "asked");
}

#[test]
fn two_steps_at_once_are_refused_and_then_go_on() {
    let (_, data, trainer) = prepared();
    let batch = data.train(0., 4.).unwrap();
    let step = || trainer.step(batch.inputs.clone(), batch.targets.clone(), 1e-3).unwrap();
    let mut first = Box::pin(step().run());
    assert!(once(first.as_mut()).is_pending());
    let error = drive(step().run()).unwrap_err();
    assert_eq!(error.code, "busy");
    assert!(error.message.contains("await that run first"), "{error}");
    assert_eq!(parsed(&drive(first).unwrap())["step"], 1);
    let held_out = drive(trainer.evaluate(&data, 1.).unwrap().run()).unwrap();
    assert!(parsed(&held_out)["nats"].as_f64().unwrap() > 0.);
}

thread_local! {
    static TOLD: RefCell<Vec<i64>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn the_garbage_collector_hears_of_memory_and_a_new_realm_starts_from_nothing() {
    set_collector(|bytes| TOLD.with_borrow_mut(|told| told.push(bytes)));
    let device = device();
    let large = zeros(&device, 0, vec![4e6]).unwrap();
    assert!(TOLD.with_borrow(|told| told.iter().sum::<i64>()) >= 16_000_000);
    new_realm();
    assert_eq!(describe(large).unwrap_err().code, "disposed");
    assert_eq!(live_handles().unwrap(), 0.);
}
