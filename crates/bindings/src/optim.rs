//! Optimizers: over a list of tensors, or over a model's arenas.
use crate::clip::joint_norm;
use crate::engine::adamw::{
    AdamW, AdamWConfig, Sgd, SgdConfig, adamw as adamw_step, once, sgd as sgd_step,
};
use crate::engine::autograd::{ParamInfo, Var};
use crate::engine::device::{Buffer, Device, StepState};
use crate::engine::tensor::{self, DType, Tensor};
use crate::error::parse;
use crate::numbers::{rate, whole};
use crate::table::{get_all, put_tensor};
use crate::{Error, Gpt, Job, Result};
use serde::Deserialize;
use std::cell::{Cell, RefCell};

exports! { ($) optim_functions
    now {
        adamw, sgd: (parameters: Handles, decay: Flags, config: String) -> Optimizer;
        adamw_arena, sgd_arena: (gpt: &Gpt, config: String) -> Optimizer;
        clip_grad_norm: (parameters: Handles, most: f64) -> f64;
        schedule_lr: (schedule: String, step: f64, total: f64) -> f64;
    }
}

exports! { ($) optimizer_class
    class Optimizer as NativeOptimizer
    now {
        step: (lr: f64) -> Unit;
        steps: () -> u32;
        set_steps: (steps: f64) -> Unit;
        state: (i: u32) -> Handles;
        norm: () -> f64;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdamWOptions {
    betas: (f64, f64),
    eps: f32,
    weight_decay: f32,
    clip: Option<f32>,
}

impl From<AdamWOptions> for AdamWConfig {
    fn from(o: AdamWOptions) -> Self {
        AdamWConfig { betas: o.betas, eps: o.eps, weight_decay: o.weight_decay, clip: o.clip }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SgdOptions {
    momentum: f32,
    weight_decay: f32,
    clip: Option<f32>,
}

impl From<SgdOptions> for SgdConfig {
    fn from(o: SgdOptions) -> Self {
        SgdConfig { momentum: o.momentum, weight_decay: o.weight_decay, clip: o.clip }
    }
}

/// A parameter of a list, with what the optimizer keeps for it.
struct Entry {
    var: Var,
    decay: bool,
    /// Two for AdamW, one for SGD.
    kept: Vec<Tensor>,
}

enum Rule {
    AdamW(AdamWConfig),
    Sgd(SgdConfig),
}

enum Over {
    List(Vec<Entry>, Rule),
    AdamW(Box<AdamW>, Vec<ParamInfo>),
    Sgd(Box<Sgd>, Vec<ParamInfo>),
}

/// An optimizer.
pub struct Optimizer {
    over: Over,
    /// On the parameters' device; none where there are no parameters.
    state: Option<Buffer>,
    norm: RefCell<Option<Tensor>>,
    steps: Cell<u32>,
}

impl Optimizer {
    fn list(parameters: &[u32], decay: &[bool], rule: Rule) -> Result<Self> {
        let count = if let Rule::AdamW(_) = rule { 2 } else { 1 };
        let vars = get_all(parameters)?;
        let mut entries = Vec::with_capacity(vars.len());
        for (i, var) in vars.into_iter().enumerate() {
            let op = "optim";
            let value = var.value();
            value.expect_dtype(op, DType::F32)?;
            value.expect_contiguous(op)?;
            if var.op().is_some() || !var.requires_grad() {
                let what = "is no leaf that wants a gradient";
                return Err(error!("graph", op, "parameter {i} {:?} {what}", var.shape()));
            }
            let zeros = || Tensor::zeros(value.device(), DType::F32, value.shape());
            let kept = (0..count).map(|_| zeros()).collect::<tensor::Result<_>>()?;
            entries.push(Entry { decay: decay.get(i).copied().unwrap_or(false), kept, var });
        }
        let values: Vec<&Tensor> = entries.iter().map(|entry| entry.var.value()).collect();
        let op = if count == 2 { "AdamW" } else { "SGD" };
        once(op, &values).map_err(|error| Error::new("argument", op, error.to_string()))?;
        let device = entries.first().map(|entry| entry.var.value().device().clone());
        Self::new(Over::List(entries, rule), device.as_ref())
    }

    fn new(over: Over, device: Option<&Device>) -> Result<Self> {
        let state = device.map(|device| device.step_state(StepState::default())).transpose()?;
        Ok(Optimizer { over, state, norm: RefCell::default(), steps: Cell::default() })
    }

    /// Moves every parameter that has a gradient.
    pub fn step(&self, lr: f64) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let steps = self.steps.get();
        let Some(step) = steps.checked_add(1) else {
            let what = "steps were done, which is as many as are counted";
            return Err(error!("value", "step", "{steps} {what}"));
        };
        let lr = rate("step", lr)?;
        let now = StepState { step, lr, loss_scale: 1.0, ..StepState::default() };
        state.write(0, bytemuck::bytes_of(&now))?;
        let norm = match &self.over {
            Over::AdamW(optimizer, _) => {
                optimizer.step(state)?;
                Some(optimizer.norm().clone())
            }
            Over::Sgd(optimizer, _) => {
                optimizer.step(state)?;
                Some(optimizer.norm().clone())
            }
            Over::List(entries, rule) => list_step(entries, rule, state)?,
        };
        self.norm.replace(norm);
        self.steps.set(step);
        Ok(())
    }

    /// Steps done.
    pub fn steps(&self) -> Result<u32> {
        Ok(self.steps.get())
    }

    /// Says how many steps were done: AdamW's bias correction counts them.
    pub fn set_steps(&self, steps: f64) -> Result<()> {
        let steps = whole("optim", "steps", steps)?;
        let wrong = |_| error!("value", "optim", "{steps} steps are more than are counted");
        self.steps.set(u32::try_from(steps).map_err(wrong)?);
        Ok(())
    }

    /// What it keeps for parameter `i`.
    pub fn state(&self, i: u32) -> Result<Vec<u32>> {
        let none = || error!("index", "optim", "there is no parameter {i}");
        let i = i as usize;
        let (arenas, infos) = match &self.over {
            Over::List(entries, rule) => {
                let entry = entries.get(i).ok_or_else(none)?;
                let still = matches!(rule, Rule::Sgd(c) if c.momentum == 0.0);
                let kept = if still { &[][..] } else { &entry.kept };
                return Ok(kept.iter().cloned().map(put_tensor).collect());
            }
            Over::AdamW(a, infos) => (vec![a.moments().0, a.moments().1], infos),
            Over::Sgd(a, infos) => (a.velocity().into_iter().collect(), infos),
        };
        let info = infos.get(i).ok_or_else(none)?;
        arenas.into_iter().map(|arena| Ok(put_tensor(info.place(arena)?))).collect()
    }

    /// The gradient's norm in the last step, before clipping; 0 before the first.
    pub fn norm(&self) -> Result<f64> {
        self.norm_async()?.wait("optim")
    }

    /// The same, where there is no waiting.
    pub fn norm_async(&self) -> Result<Job<f64>> {
        let norm = self.norm.borrow().clone();
        Ok(Job::of(async move || match norm {
            Some(norm) => Ok(f64::from(norm.item_async::<f32>().await?)),
            None => Ok(0.0),
        }))
    }
}

/// One launch a parameter; those without a gradient stay as they are.
fn list_step(entries: &[Entry], rule: &Rule, state: &Buffer) -> Result<Option<Tensor>> {
    let mut ready = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(grad) = entry.var.grad() {
            ready.push((entry, grad.contiguous()?));
        }
    }
    let grads: Vec<&Tensor> = ready.iter().map(|(_, grad)| grad).collect();
    let Some(norm) = joint_norm(&grads)? else { return Ok(None) };
    for (entry, grad) in &ready {
        let value = entry.var.value();
        let decayed = if entry.decay { value.numel() } else { 0 };
        // The kernels take one shape for all four; a gradient has its parameter's.
        match rule {
            Rule::AdamW(config) => {
                #[expect(clippy::indexing_slicing, reason = "`list` has made two of them")]
                let all = [value, grad, &entry.kept[0], &entry.kept[1]];
                adamw_step(all, state, &norm, decayed, *config)?;
            }
            Rule::Sgd(config) => {
                sgd_step(value, grad, entry.kept.first(), state, &norm, decayed, *config)?;
            }
        }
    }
    Ok(Some(norm))
}

/// AdamW over a list.
pub fn adamw(parameters: Vec<u32>, decay: Vec<bool>, config: String) -> Result<Optimizer> {
    let config = AdamWConfig::from(parse::<AdamWOptions>("adamw", &config)?);
    config.validate()?;
    Optimizer::list(&parameters, &decay, Rule::AdamW(config))
}

/// SGD over a list.
pub fn sgd(parameters: Vec<u32>, decay: Vec<bool>, config: String) -> Result<Optimizer> {
    let config = SgdConfig::from(parse::<SgdOptions>("sgd", &config)?);
    config.validate()?;
    Optimizer::list(&parameters, &decay, Rule::Sgd(config))
}

/// AdamW over a model's arenas.
pub fn adamw_arena(gpt: &Gpt, config: String) -> Result<Optimizer> {
    let (options, parameters) = (parse::<AdamWOptions>("adamw", &config)?, gpt.gpt.parameters());
    let optimizer = Box::new(AdamW::new(parameters, options.into())?);
    let over = Over::AdamW(optimizer, parameters.infos().to_vec());
    Optimizer::new(over, Some(gpt.gpt.device()))
}

/// SGD over a model's arenas.
pub fn sgd_arena(gpt: &Gpt, config: String) -> Result<Optimizer> {
    let (options, parameters) = (parse::<SgdOptions>("sgd", &config)?, gpt.gpt.parameters());
    let optimizer = Box::new(Sgd::new(parameters, options.into())?);
    let over = Over::Sgd(optimizer, parameters.infos().to_vec());
    Optimizer::new(over, Some(gpt.gpt.device()))
}
