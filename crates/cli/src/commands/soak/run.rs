//! A training run of a few seconds, in a process of its own, and what it leaves.

use crate::failure::Outcome;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use strata_files::fault;
use strata_ml::device::{Device, Settings};
use strata_ml::transformer::checkpoint::TrainerFile;
use strata_ml::transformer::train::Trainer;

/// Where runs are made: a text, and a folder for each.
pub struct Ground {
    root: PathBuf,
    device: Device,
}

/// What lies in a run's folder.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// No checkpoint yet.
    Nothing,
    /// A whole one, after so many steps.
    Step(u64),
    /// Something that cannot be opened.
    Ruin(String),
}

impl Ground {
    /// Writes the text.
    pub fn new(root: &Path) -> Outcome<Self> {
        fs::create_dir_all(root)?;
        let text = "The fox went to the well. The well was deep, and the fox was not. ";
        strata_files::write(&root.join("text.txt"), text.repeat(30).as_bytes())?;
        let device = Device::open("cpu", Settings::default())?;
        Ok(Ground { root: fs::canonicalize(root)?, device })
    }

    /// A folder of that name, empty.
    pub fn folder(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.root.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        Ok(folder)
    }

    /// A run of so many steps in that folder, saved after each: begun, or gone on with.
    pub fn train(&self, folder: &Path, steps: u64, plan: Option<&str>) -> Outcome<Child> {
        let begun = matches!(TrainerFile::read_if_there(folder), Ok(Some(_)));
        let mut command = Command::new(std::env::current_exe()?);
        command.current_dir(&self.root).args(["train", "--device", "cpu", "--data", "text.txt"]);
        match begun {
            true => command.arg("--resume").arg(folder),
            false => command.arg("--out").arg(folder).args(FRESH),
        };
        command.args(["--steps", &steps.to_string(), "--save-every", "1"]);
        match plan {
            Some(plan) => command.env(fault::VARIABLE, plan),
            None => command.env_remove(fault::VARIABLE),
        };
        // One thread: so many processes in a row must not fight over the others.
        command
            .env("RAYON_NUM_THREADS", "1")
            .env("STRATA_DEVICE", "cpu")
            .env_remove("STRATA_PRECISION");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command.spawn()?)
    }

    /// [`train`](Self::train), waited for.
    pub fn trained(&self, folder: &Path, steps: u64, plan: Option<&str>) -> Outcome<Output> {
        Ok(self.train(folder, steps, plan)?.wait_with_output()?)
    }

    /// What lies in the folder; every checksum is checked.
    pub fn found(&self, folder: &Path) -> Found {
        match TrainerFile::read_if_there(folder) {
            Ok(None) => Found::Nothing,
            Err(error) => Found::Ruin(error.to_string()),
            Ok(Some(_)) => match Trainer::resume(folder, &self.device) {
                Ok((trainer, ..)) => Found::Step(trainer.done().step),
                Err(error) => Found::Ruin(error.to_string()),
            },
        }
    }

    /// The bits that a run has trained: weights and moments.
    pub fn bits(&self, folder: &Path) -> Outcome<[Vec<u8>; 2]> {
        let read = |name| strata_files::read(&strata_files::current(folder, name), u64::MAX);
        Ok([read("model.safetensors")?, read("optimizer.safetensors")?])
    }
}

/// The smallest preset, with rows that cost nothing.
const FRESH: [&str; 10] = [
    "--preset",
    "gpt-nano",
    "--tokenizer",
    "char",
    "--batch",
    "1",
    "--context",
    "8",
    "--dropout",
    "0.1",
];

/// Names in a folder that no run should leave behind: half-written files and locks.
pub fn litter(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).collect()
}
