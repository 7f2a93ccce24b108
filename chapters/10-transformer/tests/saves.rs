//! A save under bad stars: disks that fail, folders that are in use, readers that come in the middle.
mod common;

use common::{cpu, tokenizer, trainer};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use strata_data::{Dataset, Options, Source, TokenizerChoice, prepare};
use strata_files::fault;
use strata_tensor::DType;
use strata_transformer::checkpoint::{self, RunFolder};
use strata_transformer::train::{Event, SaveEvery, Saves, Stop, Trainer, fit};

fn data(folder: &Path) -> Dataset {
    let text = folder.join("text.txt");
    fs::write(&text, "one two three four five six seven eight nine ten eleven ".repeat(20))
        .unwrap();
    let options = Options {
        source: Source::Path(text),
        tokenizer: TokenizerChoice::Use(tokenizer()),
        vocab_size: 280,
        context: 8,
        seed: 1,
    };
    prepare(options, &mut |_| ()).unwrap()
}

/// The step that the folder's checkpoint was saved after; opening it checks every checksum.
fn step(folder: &Path) -> u64 {
    Trainer::resume(folder, &cpu()).unwrap().0.done().step
}

#[test]
fn a_save_that_fails_anywhere_leaves_a_whole_checkpoint() {
    let root = tempfile::tempdir().unwrap();
    let (text, folder) = (data(root.path()), root.path().join("run"));
    let mut trainer = trainer(1000, &cpu());
    let train = |trainer: &mut Trainer| {
        let batch = text.train(trainer.done().step, 1);
        trainer.step(&batch, 1e-3).unwrap();
    };
    let save = |trainer: &Trainer| trainer.save(&folder, text.tokenizer(), "text");
    train(&mut trainer);
    let (_, calls) = fault::with(None, || save(&trainer).unwrap());
    assert!(calls > 20, "{calls}");
    for plan in (1..=calls + 2).flat_map(|n| ["enospc", "eio"].map(|kind| format!("{kind}@{n}"))) {
        let before = trainer.done().step;
        train(&mut trainer);
        let (saved, _) = fault::with(Some(plan.parse().unwrap()), || save(&trainer));
        let found = step(&folder);
        match saved {
            Ok(()) => assert_eq!(found, before + 1, "{plan}"),
            Err(_) => assert!(found == before || found == before + 1, "{plan}: {found}"),
        }
        // The next goes through, and cleans up.
        save(&trainer).unwrap();
        assert_eq!(step(&folder), before + 1);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 5, "{plan}");
    }
}

#[test]
fn a_disk_that_is_full_for_a_while_does_not_end_the_run() {
    let root = tempfile::tempdir().unwrap();
    let (text, folder) = (data(root.path()), root.path().join("run"));
    let (mut saved, mut unsaved) = (Vec::new(), Vec::new());
    let saves = Saves { folder: RunFolder::open(&folder).unwrap(), every: SaveEvery::Steps(1) };
    let mut on = |event: Event| {
        match event {
            Event::Saved { step, .. } => saved.push(step),
            Event::Unsaved { step, error } => unsaved.push((step, error.to_string())),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let mut run = trainer(4, &cpu());
    // The fortieth call lies in the second or third save.
    let plan = Some("enospc@40".parse().unwrap());
    let (done, _) = fault::with(plan, || fit(&mut run, &text, Some(&saves), "text", &mut on));
    assert_eq!(done.unwrap().stop, Stop::Finished);
    assert_eq!((saved.len(), unsaved.len()), (3, 1), "{saved:?} {unsaved:?}");
    assert!(unsaved[0].1.contains("run"), "{unsaved:?}");
    assert_eq!(step(&folder), 4);
    // At the end nothing follows that could make it good: that is an error.
    drop(saves);
    let saves = Saves::to(&folder).unwrap();
    let mut run = trainer(1, &cpu());
    let plan = Some("eio@1+".parse().unwrap());
    let (done, _) = fault::with(plan, || {
        fit(&mut run, &text, Some(&saves), "text", &mut |_| ControlFlow::Continue(()))
    });
    assert!(done.is_err());
    assert_eq!(step(&folder), 4);
}

#[test]
fn a_run_is_saved_as_often_as_it_was_asked() {
    let root = tempfile::tempdir().unwrap();
    let text = data(root.path());
    let saves = Saves {
        folder: RunFolder::open(&root.path().join("run")).unwrap(),
        every: SaveEvery::Steps(3),
    };
    let mut at = Vec::new();
    let mut on = |event: Event| {
        if let Event::Saved { step, .. } = event {
            at.push(step);
        }
        ControlFlow::Continue(())
    };
    fit(&mut trainer(8, &cpu()), &text, Some(&saves), "text", &mut on).unwrap();
    assert_eq!(at, [3, 6, 8]);
}

#[test]
fn two_runs_cannot_have_one_folder() {
    let root = tempfile::tempdir().unwrap();
    let (text, folder) = (data(root.path()), root.path().join("run"));
    let run = trainer(10, &cpu());
    let held = Saves::to(&folder).unwrap();
    run.save_in(&held.folder, text.tokenizer(), "text").unwrap();
    let message = run.save(&folder, text.tokenizer(), "text").unwrap_err().to_string();
    assert!(message.contains("in use") && message.contains("run"), "{message}");
    assert!(Saves::to(&folder).is_err());
    // Reading needs no lock.
    assert_eq!(step(&folder), 0);
    drop(held);
    run.save(&folder, text.tokenizer(), "text").unwrap();
    // A model alone must not stand beside another run's optimizer.
    let message = checkpoint::save_model(&folder, run.model(), text.tokenizer(), DType::F32)
        .unwrap_err()
        .to_string();
    assert!(message.contains("another folder"), "{message}");
}

#[test]
fn a_reader_in_the_middle_of_saves_gets_one_of_them() {
    let root = tempfile::tempdir().unwrap();
    let (text, folder) = (data(root.path()), root.path().join("run"));
    let mut run = trainer(1000, &cpu());
    run.save(&folder, text.tokenizer(), "text").unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = Vec::new();
            while seen.last() != Some(&30) {
                seen.push(step(&folder));
            }
            seen
        });
        for n in 0..30 {
            run.step(&text.train(n, 1), 1e-3).unwrap();
            run.save(&folder, text.tokenizer(), "text").unwrap();
        }
        let seen = reader.join().unwrap();
        assert!(seen.is_sorted(), "{seen:?}");
    });
}
