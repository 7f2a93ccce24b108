use crate::{Backend, Device, Error, Info, Machine, Precision, Result, Settings};
use std::str::FromStr;

/// A device by name: a machine and a number among its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The kind of machine.
    pub machine: Machine,
    /// Which of them; `None` takes the best.
    pub index: Option<usize>,
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::UnknownDevice { given: text.into() };
        let (name, index) = match text.split_once(':') {
            Some((name, n)) => (name, Some(n.parse().map_err(|_| unknown())?)),
            None => (text, None),
        };
        let machine = match name {
            "cpu" if index.is_none() => Machine::Cpu,
            "cuda" => Machine::Cuda,
            "wgpu" => Machine::Wgpu,
            _ => return Err(unknown()),
        };
        Ok(Choice { machine, index })
    }
}

impl Choice {
    /// Opens the machine without wrapping it, for those who wrap it themselves (a profiler).
    ///
    /// # Errors
    /// The machine is not there, or this build leaves it out.
    #[cfg_attr(not(any(feature = "cuda", feature = "wgpu")), allow(unused_variables))]
    pub async fn backend(self, settings: &Settings) -> Result<Box<dyn Backend>> {
        match self.machine {
            Machine::Cpu => Ok(Box::new(crate::cpu::Cpu::new())),
            #[cfg(all(feature = "cuda", not(target_family = "wasm")))]
            Machine::Cuda => {
                let index = self.index.unwrap_or(0);
                Ok(Box::new(crate::cuda::Cuda::open(index, settings.overlay.clone())?))
            }
            #[cfg(feature = "wgpu")]
            Machine::Wgpu => {
                Ok(Box::new(crate::wgpu::Wgpu::open(self.index, settings.overlay.clone()).await?))
            }
            #[allow(unreachable_patterns)]
            machine => Err(left_out(machine)),
        }
    }

    /// Opens the device.
    ///
    /// # Errors
    /// As [`backend`](Self::backend); a precision that the device has not.
    pub async fn open(self, settings: Settings) -> Result<Device> {
        let backend = self.backend(&settings).await?;
        backend.info().must_have(settings.precision)?;
        Ok(Device::new(backend, settings))
    }
}

fn left_out(machine: Machine) -> Error {
    let (reason, fix) = match cfg!(target_family = "wasm") && machine == Machine::Cuda {
        true => ("a page cannot reach it", "Use wgpu or cpu".into()),
        false => ("this build leaves it out", format!("Build with the feature `{machine}`")),
    };
    Error::Unavailable { machine, reason: reason.into(), fix }
}

/// A device that was looked for: there, or why not.
#[derive(Debug)]
pub struct Found {
    /// The kind of machine.
    pub machine: Machine,
    /// Who it is, or why there is none.
    pub info: Result<Info>,
}

/// Every device of this computer, and for each machine that has none, why.
pub async fn devices() -> Vec<Found> {
    let mut found = Vec::new();
    let mut add = |machine, list: Result<Vec<Info>>| match list {
        Ok(list) => found.extend(list.into_iter().map(|i| Found { machine, info: Ok(i) })),
        Err(error) => found.push(Found { machine, info: Err(error) }),
    };
    #[cfg(all(feature = "cuda", not(target_family = "wasm")))]
    add(Machine::Cuda, crate::cuda::list());
    #[cfg(not(all(feature = "cuda", not(target_family = "wasm"))))]
    add(Machine::Cuda, Err(left_out(Machine::Cuda)));
    #[cfg(feature = "wgpu")]
    add(Machine::Wgpu, crate::wgpu::list().await);
    #[cfg(not(feature = "wgpu"))]
    add(Machine::Wgpu, Err(left_out(Machine::Wgpu)));
    add(Machine::Cpu, Ok(vec![crate::cpu::Cpu::new().info().clone()]));
    found
}

/// The best device and the reason for it, as one line. It is the best whatever precision is asked for:
/// if it has that not, it says so, rather than leave its place to a slower one that would.
pub(crate) async fn best(settings: Settings) -> Result<(Device, String)> {
    let asked = settings.precision;
    let (device, why) = fastest(Settings { precision: Precision::F32, ..settings }).await?;
    device.info().must_have(asked)?;
    Ok((device.with_precision(asked), why))
}

async fn fastest(settings: Settings) -> Result<(Device, String)> {
    if let Some(name) = std::env::var_os("STRATA_DEVICE").filter(|name| !name.is_empty()) {
        let device = name.to_string_lossy().parse::<Choice>()?.open(settings).await?;
        let why = format!("{}: STRATA_DEVICE asks for it", device.info().label());
        return Ok((device, why));
    }
    let cuda = Choice { machine: Machine::Cuda, index: None }.open(settings.clone()).await;
    let no_cuda = match cuda {
        Ok(device) => {
            let why = format!("{}: an NVIDIA card with driver and NVRTC", device.info().label());
            return Ok((device, why));
        }
        Err(error) => short(&error),
    };
    let wgpu = Choice { machine: Machine::Wgpu, index: None }.open(settings.clone()).await;
    let no_wgpu = match wgpu {
        Ok(device) if !device.info().caps.software => {
            let why = format!("{}: a WebGPU adapter; {no_cuda}", device.info().label());
            return Ok((device, why));
        }
        Ok(_) => "wgpu: only a software adapter, slower than the CPU itself".into(),
        Err(error) => short(&error),
    };
    let device = Choice { machine: Machine::Cpu, index: None }.open(settings).await?;
    let why = format!("{}: {no_cuda}; {no_wgpu}", device.info().label());
    Ok((device, why))
}

/// Why a machine was passed over. What would mend it belongs in the line only where it is one step
/// away: a card and its driver are here, and the compiler is missing.
fn short(error: &Error) -> String {
    match error {
        Error::Unavailable { machine, reason, fix } if reason.contains("NVRTC") => {
            format!("{machine}: {reason}; {}", fix.trim_end_matches('.'))
        }
        Error::Unavailable { machine, reason, .. } => format!("{machine}: {reason}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_the_asked_precision_is_not_opened() {
        let settings = Settings { precision: Precision::Tf32, ..Settings::default() };
        let cpu = Choice { machine: Machine::Cpu, index: None };
        let error = pollster::block_on(cpu.open(settings)).unwrap_err();
        assert!(matches!(error, Error::Precision { asked: Precision::Tf32, .. }), "{error}");
        assert!(error.to_string().contains("cpu:0") && error.to_string().ends_with("f32, bf16"));
    }

    #[test]
    fn names_parse_or_say_what_is_allowed() {
        let parse = |s: &str| s.parse::<Choice>().map(|c| (c.machine, c.index));
        assert_eq!(parse("cpu").unwrap(), (Machine::Cpu, None));
        assert_eq!(parse("cuda:1").unwrap(), (Machine::Cuda, Some(1)));
        assert_eq!(parse("wgpu").unwrap(), (Machine::Wgpu, None));
        for bad in ["", "gpu", "cuda:", "cuda:-1", "wgpu:x", "cpu:0", "CPU"] {
            assert!(matches!(parse(bad), Err(Error::UnknownDevice { .. })), "{bad}");
        }
    }
}
