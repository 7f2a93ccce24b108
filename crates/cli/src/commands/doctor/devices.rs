//! The devices, each tried.

use crate::precision::out_of_reach;
use crate::ui;
use serde::Serialize;
use strata_ml::device::{Caps, Choice, Device, Error, Info, Machine, Precision, Settings, devices};
use strata_ml::tensor::Tensor;

/// Whether a device can be used.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// It computed what it should.
    Works,
    /// It is there but does not do its work.
    Fails { reason: String },
    /// It is not there.
    Absent { reason: String, fix: String },
}

impl State {
    /// Whether it computed what it should.
    pub fn works(&self) -> bool {
        matches!(self, State::Works)
    }
}

/// One device.
#[derive(Debug, Serialize)]
pub struct DeviceReport {
    pub machine: &'static str,
    pub label: String,
    pub driver: String,
    pub software: bool,
    /// How exactly it can multiply.
    pub precisions: Vec<&'static str>,
    #[serde(flatten)]
    pub state: State,
    /// Limits and abilities, a line each.
    pub details: Vec<String>,
}

/// Every device, tried; for a machine without one, why.
pub fn look() -> Vec<DeviceReport> {
    let found = pollster::block_on(devices());
    found.into_iter().map(|found| report(found.machine, found.info)).collect()
}

fn report(machine: Machine, info: Result<Info, Error>) -> DeviceReport {
    let name = machine.name();
    let absent = |reason, fix| DeviceReport {
        machine: name,
        label: name.into(),
        driver: String::new(),
        software: false,
        precisions: Vec::new(),
        state: State::Absent { reason, fix },
        details: Vec::new(),
    };
    match info {
        Ok(info) => DeviceReport {
            machine: name,
            label: info.label(),
            driver: info.driver.clone(),
            software: info.caps.software,
            precisions: info.precisions().iter().map(|precision| precision.name()).collect(),
            state: attempt(&info),
            details: details(&info),
        },
        Err(Error::Unavailable { reason, fix, .. }) => absent(reason, fix),
        Err(error) => absent(error.to_string(), "See the message".into()),
    }
}

/// A small sum, computed there and compared.
fn attempt(info: &Info) -> State {
    let index = Some(info.index).filter(|_| info.machine != Machine::Cpu);
    let choice = Choice { machine: info.machine, index };
    let sum = || -> Result<bool, Box<dyn std::error::Error>> {
        let device: Device = pollster::block_on(choice.open(Settings::default()))?;
        let numbers: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let x = Tensor::from_slice(&device, &numbers, &[1000])?;
        let doubled = x.add(&x)?.to_vec::<f32>()?;
        Ok(doubled.iter().zip(&numbers).all(|(y, x)| *y == 2.0 * x))
    };
    match sum() {
        Ok(true) => State::Works,
        Ok(false) => State::Fails { reason: "it computed a wrong sum".into() },
        Err(error) => State::Fails { reason: error.to_string() },
    }
}

fn details(info: &Info) -> Vec<String> {
    let Caps { max_workgroup, shared_bytes, max_binding, max_buffer, subgroup, units, .. } =
        info.caps;
    let has: Vec<_> = info.precisions().iter().map(|precision| precision.name()).collect();
    let products = format!("products in {}", has.join(", "));
    if info.machine == Machine::Cpu {
        return vec![products];
    }
    let mut lines = Vec::new();
    lines.push(info.driver.clone());
    if info.caps.compute > 0 {
        let (major, minor) = (info.caps.compute / 10, info.caps.compute % 10);
        let l2 = ui::bytes(info.caps.l2_bytes as u64);
        lines.push(format!("compute capability {major}.{minor}, {units} multiprocessors, L2 {l2}"));
    }
    lines.push(format!(
        "workgroups of {max_workgroup}, {} of workgroup memory, buffers to {}, bindings to {}",
        ui::bytes(u64::from(shared_bytes)),
        ui::bytes(max_buffer as u64),
        ui::bytes(max_binding as u64),
    ));
    let lanes = match subgroup {
        (0, _) => "no subgroups".into(),
        (least, most) if least == most => format!("subgroups of {least}"),
        (least, most) => format!("subgroups of {least} to {most}"),
    };
    let yes = |has, name: &str| if has { name.to_string() } else { format!("no {name}") };
    lines.push(format!(
        "{lanes}, {}, {}, {}",
        yes(info.caps.f16, "f16 arithmetic"),
        yes(info.caps.cooperative_matrix, "cooperative matrices"),
        yes(info.caps.timestamps, "timestamps"),
    ));
    lines.push(products);
    // Also what is out of its reach because it has no such precision.
    lines.extend(out_of_reach(&strata_ml::ladders(), info, Precision::Bf16));
    lines
}
