//! What several verbs take: a device and its kernels, and numbers between bounds.

use crate::failure::{Failure, Outcome};
use crate::{flags, ui};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use strata_ml::device::{Choice, Device, Info, Overlay, Precision, Settings};

/// Where to compute, and with which kernels.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Device and kernels")]
pub struct DeviceArgs {
    /// Where to compute: cpu, cuda, cuda:N, wgpu or wgpu:N. Without it the best device is taken:
    /// an NVIDIA card with NVRTC, then a hardware WebGPU adapter, then the CPU
    #[arg(long, value_name = "NAME", value_parser = device_name)]
    pub device: Option<String>,
    /// A folder of kernel files (DIR/matmul/3_tiled.cu or .wgsl) that stand in front of the
    /// built-in ones; read at run time, no rebuild needed
    #[arg(long, value_name = "DIR")]
    pub kernels: Option<PathBuf>,
    /// How exactly products are made: f32, or what tensor cores make of them: tf32, f16 or bf16 [default:
    /// f32; train: bf16 on an NVIDIA card that has it, and a run that goes on keeps its own]
    #[arg(long, value_name = "f32|tf32|f16|bf16", value_parser = precision)]
    pub precision: Option<Precision>,
    /// Force a rung of an op's ladder, e.g. matmul=1_naive; can be given several times. `strata
    /// inspect --ladders` lists them
    #[arg(long = "rung", value_name = "OP=NAME", value_parser = rung)]
    pub rungs: Vec<(String, String)>,
}

impl DeviceArgs {
    /// Opens the device and says, in one line on stderr, which it is and why.
    ///
    /// # Errors
    /// It is not there, or has not the precision that is asked for; the folder of kernels cannot be
    /// read.
    pub fn open(&self) -> Outcome<Device> {
        self.open_in(|_| (Precision::F32, ""))
    }

    /// [`open`](Self::open) in the precision of `otherwise` where none is asked for, for the reason
    /// beside it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_in(
        &self,
        otherwise: impl FnOnce(&Info) -> (Precision, &'static str),
    ) -> Outcome<Device> {
        let overlay = self.kernels.as_ref().map(Overlay::open).transpose()?.map(Arc::new);
        let rungs = self.rungs.iter().cloned().collect();
        let settings = Settings { overlay, rungs, ..Settings::default() };
        let (device, why) = match &self.device {
            Some(name) => {
                let device = Device::open(name, settings)?;
                let why = format!("{}: --device asks for it", device.info().label());
                (device, why)
            }
            None => Device::best(settings)?,
        };
        ui::note(&format!("{}Device{:#} {why}", ui::HEAD, ui::HEAD));
        self.precise(&device, otherwise)
    }
}

fn device_name(text: &str) -> Result<String, String> {
    device_choice(text).map(|_| text.into())
}

/// A device's name.
pub fn device_choice(text: &str) -> Result<Choice, String> {
    text.parse::<Choice>().map_err(|error| format!("{error}{}", flags::advice(&error)))
}

/// A precision's name.
pub fn precision(text: &str) -> Result<Precision, String> {
    text.parse().map_err(|error: strata_ml::device::Error| error.to_string())
}

/// An op that has a ladder.
pub fn op_name(text: &str) -> Result<String, String> {
    let ops: Vec<_> = strata_ml::ladders().iter().map(|ladder| ladder.op).collect();
    match ops.contains(&text) {
        true => Ok(text.into()),
        false => Err(format!("there is no op {text:?}; there are {}", ops.join(", "))),
    }
}

fn rung(text: &str) -> Result<(String, String), String> {
    let Some((op, name)) = text.split_once('=') else {
        return Err("it should look like matmul=1_naive".into());
    };
    let ladders = strata_ml::ladders();
    let Some(ladder) = ladders.iter().find(|ladder| ladder.op == op) else {
        let ops: Vec<_> = ladders.iter().map(|ladder| ladder.op).collect();
        return Err(format!("there is no op {op:?}; there are {}", ops.join(", ")));
    };
    if !ladder.rungs.iter().any(|rung| rung.name == name) {
        let names: Vec<_> = ladder.rungs.iter().map(|rung| rung.name).collect();
        return Err(format!("{op} has no rung {name:?}; it has {}", names.join(", ")));
    }
    Ok((op.into(), name.into()))
}

/// A parser for whole numbers between two bounds.
pub fn whole(low: u64, high: u64) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync {
    move |text| {
        let number = digits(text).and_then(|digits| digits.parse::<u64>().ok());
        number.filter(|n| (low..=high).contains(n)).ok_or_else(|| {
            format!("it must be a whole number from {} to {}", ui::count(low), ui::count(high))
        })
    }
}

/// The digits of `1000`, `1,000` or `1_000`. One separator, and only between groups of three: `1,5` is
/// no fifteen, whatever else it may be.
fn digits(text: &str) -> Option<String> {
    let is_digit = |c: char| c.is_ascii_digit();
    let separator = text.chars().find(|&c| !is_digit(c));
    let groups: Vec<&str> = match separator {
        None => vec![text],
        Some(c) if c == ',' || c == '_' => text.split(c).collect(),
        Some(_) => return None,
    };
    let (first, rest) = groups.split_first()?;
    let sound = first.chars().all(is_digit)
        && (rest.is_empty() || (1..=3).contains(&first.len()))
        && rest.iter().all(|group| group.len() == 3 && group.chars().all(is_digit));
    sound.then(|| groups.concat())
}

/// A parser for numbers between two bounds; NaN lies between none.
pub fn real(low: f64, high: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync {
    move |text| {
        let number = text.parse::<f64>().ok();
        number.filter(|x| *x >= low && *x <= high).ok_or_else(|| {
            let point = if text.contains(',') { "; decimals are written as 1.5" } else { "" };
            format!("it must be a number from {low} to {high}{point}")
        })
    }
}

/// A number that [`whole`] let through, as a size: every bound that is given there fits.
pub fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A number that [`real`] let through, as the engine's own: rounded, since f32 reaches further than
/// any bound that is given there.
#[expect(clippy::cast_possible_truncation, reason = "rounds, and at worst to an infinity")]
pub fn single(number: f64) -> f32 {
    number as f32
}

/// A failure unless `path` is a folder.
///
/// # Errors
/// It is missing, or a file.
pub fn folder(flag: &str, path: &std::path::Path) -> Outcome<()> {
    if path.is_dir() {
        return Ok(());
    }
    let what = if path.exists() { "is a file, not a folder" } else { "does not exist" };
    Err(Failure::new(format!("{flag} {}: it {what}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        let batch = whole(1, 100);
        assert_eq!(batch("7"), Ok(7));
        for bad in ["0", "-1", "101", "NaN", "1e3", "", "99999999999999999999"] {
            assert!(batch(bad).unwrap_err().contains("from 1 to 100"), "{bad}");
        }
        let (any, most) = (whole(0, u64::MAX), u64::MAX.to_string());
        for (text, number) in [
            ("0", 0),
            ("007", 7),
            ("1,000", 1000),
            ("1_000", 1000),
            ("12,345,678", 12_345_678),
            ("999_000_000", 999_000_000),
            (most.as_str(), u64::MAX),
            ("18,446,744,073,709,551,615", u64::MAX),
        ] {
            assert_eq!(any(text), Ok(number), "{text}");
        }
        for bad in [
            "1,5",
            "1,,5",
            "1_5",
            "1__000",
            "1,000_000",
            "1_000,000",
            ",",
            "_",
            ",1",
            "1,",
            "_1",
            "1_",
            ",000",
            "1000,000",
            "1,0000",
            "10,00",
            "0x10",
            "1 000",
            " 1",
            "1 ",
            "+1",
            "1.0",
            "1.000",
            "1'000",
            "1,000.5",
            "1e3",
            "١",
            "1,٠٠٠",
            "18446744073709551616",
            "1,-00",
        ] {
            assert!(any(bad).is_err(), "{bad}");
        }
        let lr = real(1e-9, 10.0);
        assert_eq!(lr("1e-3"), Ok(1e-3));
        for bad in
            ["0", "-1", "NaN", "inf", "fast", "", "1,5", "1,000", "1_0", "0x1", " 1", "1e-400"]
        {
            assert!(lr(bad).is_err(), "{bad}");
        }
        assert!(lr("1,5").unwrap_err().contains("1.5"));
    }
}
