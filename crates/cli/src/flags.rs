//! Which flag a library's complaint is about. The library says what is wrong, to whoever calls it from
//! Rust or TypeScript; how that is set here is the command's to say.

use crate::typed;
use std::error::Error;
use strata_ml::data::DataError;
use strata_ml::{device, tensor, transformer};

/// Where to look for what there is.
pub const DOCTOR: &str = " (`cargo strata doctor` lists what is here)";

/// What to add to the message of an error: ` (--batch, --context)`, or nothing.
pub fn advice(error: &(dyn Error + 'static)) -> String {
    let doctor = match error.downcast_ref() {
        Some(device::Error::UnknownDevice { .. }) => return DOCTOR.into(),
        Some(device::Error::Unavailable { .. }) => DOCTOR,
        _ => "",
    };
    format!("{}{doctor}", typed_as(error))
}

/// The flags, as this command has them.
fn typed_as(error: &(dyn Error + 'static)) -> String {
    let flags = flags_of(error);
    if flags.is_empty() {
        return String::new();
    }
    let Some(cli) = typed::command() else { return String::new() };
    let verb = std::env::args_os().nth(1).unwrap_or_default();
    let Some(command) = cli.find_subcommand(verb) else { return String::new() };
    let takes = |flag: &str| command.get_arguments().any(|arg| arg.get_long() == Some(flag));
    worded(error, &flags.iter().copied().filter(|flag| takes(flag)).collect::<Vec<_>>())
}

/// The advice, where the command takes these flags.
fn worded(error: &(dyn Error + 'static), flags: &[&str]) -> String {
    if flags.is_empty() {
        return String::new();
    }
    if let Some(DataError::Missing { .. }) = error.downcast_ref() {
        return "; --data takes a UTF-8 text file, a folder of them, `stories` or `book`".into();
    }
    let names: Vec<String> = flags.iter().map(|flag| format!("--{flag}")).collect();
    format!(" ({})", names.join(", "))
}

/// The flags that set what an error is about, in whatever command.
fn flags_of(error: &(dyn Error + 'static)) -> &'static [&'static str] {
    if let Some(error) = error.downcast_ref::<transformer::Error>() {
        return of_model(error);
    }
    if let Some(error) = error.downcast_ref::<DataError>() {
        return of_text(error);
    }
    if let Some(error) = error.downcast_ref::<tensor::Error>() {
        return of_tensor(error);
    }
    match error.downcast_ref::<device::Error>() {
        Some(error) => of_device(error),
        None => &[],
    }
}

fn of_model(error: &transformer::Error) -> &'static [&'static str] {
    use transformer::Error;
    match error {
        Error::Tensor(error) => of_tensor(error),
        // What is missing from a checkpoint is none of the flags' business.
        Error::Data(DataError::Missing { .. }) => &[],
        Error::Data(error) => of_text(error),
        Error::NonFinite { .. } => &["lr", "seed"],
        Error::Setting { name, .. } => match *name {
            "batch" => &["batch"],
            "accumulate" => &["accumulate", "batch"],
            "context" => &["context"],
            "steps" => &["steps"],
            "minutes" => &["minutes"],
            "learning rate" => &["lr"],
            "dropout" => &["dropout"],
            "label smoothing" => &["label-smoothing"],
            "weight decay" => &["weight-decay"],
            "temperature" => &["temperature"],
            "top p" => &["top-p"],
            _ => &[],
        },
        _ => &[],
    }
}

fn of_text(error: &DataError) -> &'static [&'static str] {
    match error {
        DataError::In { source, .. } => of_text(source),
        DataError::Missing { .. }
        | DataError::Special { .. }
        | DataError::NothingToScore { .. }
        | DataError::StoryCharacter { .. }
        | DataError::NoSpecial { .. } => &["data"],
        DataError::TooShort { .. } => &["data", "context"],
        DataError::Context { .. } => &["context"],
        DataError::UnknownCharacter { .. } | DataError::UnknownByte { .. } => &["tokenizer"],
        _ => &[],
    }
}

fn of_tensor(error: &tensor::Error) -> &'static [&'static str] {
    match error {
        tensor::Error::Device(error) => of_device(error),
        tensor::Error::Room { reason, .. } => of_device(reason),
        _ => &[],
    }
}

fn of_device(error: &device::Error) -> &'static [&'static str] {
    use device::Error;
    match error {
        Error::Unavailable { .. } => &["device"],
        Error::Precision { .. } | Error::UnknownPrecision { .. } => &["precision"],
        Error::OutOfMemory { .. } | Error::TooLarge { .. } | Error::NoRoom { .. } => {
            &["batch", "context"]
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Cli;
    use crate::elsewhere::Elsewhere;
    use clap::CommandFactory;

    #[test]
    fn a_complaint_gets_the_flag_that_answers_it() {
        let setting = |name| transformer::Error::Setting {
            name,
            value: "0".into(),
            range: "it must be more".into(),
        };
        assert_eq!(flags_of(&setting("learning rate")), ["lr"]);
        assert_eq!(worded(&setting("top p"), &["top-p"]), " (--top-p)");
        assert!(flags_of(&setting("beta 1")).is_empty());
        let missing = || DataError::Missing { path: "a.txt".into() };
        assert!(worded(&missing(), &["data"]).contains("`stories`"));
        assert!(flags_of(&transformer::Error::Data(missing())).is_empty());
        let unknown = DataError::UnknownCharacter { character: 'x', at: 1 };
        let inside = DataError::In { path: "a.txt".into(), source: Box::new(unknown) };
        assert_eq!(flags_of(&inside), ["tokenizer"]);
    }

    #[test]
    fn a_device_that_nobody_knows_gets_the_list() {
        let error = "toaster".parse::<device::Choice>().unwrap_err();
        assert!(advice(&error).contains("doctor"));
        let (reason, fix) = ("there is no adapter 7".into(), "Name another".into());
        let error = device::Error::Unavailable { machine: device::Machine::Wgpu, reason, fix };
        assert!(advice(&error).contains("doctor"));
    }

    #[test]
    fn every_flag_is_one_that_somebody_takes() {
        let cli = Cli::<Elsewhere>::command();
        for flag in ["batch", "context", "steps", "minutes", "lr", "dropout", "weight-decay"] {
            let train = cli.find_subcommand("train").unwrap();
            assert!(train.get_arguments().any(|arg| arg.get_long() == Some(flag)), "{flag}");
        }
    }
}
