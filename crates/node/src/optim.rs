//! Optimizers: over a list of tensors, or over a model's arenas.
use crate::failure::{Failure, Outcome, json};
use crate::gpt::NativeGpt;
use crate::guard::guard;
use crate::numbers::{rate, single, whole};
use crate::table::{get_all, put_tensor};
use napi_derive::napi;
use serde::Deserialize;
use std::collections::HashMap;
use strata_ml::adamw::{
    AdamW, AdamWConfig, Sgd, SgdConfig, adamw as adamw_step, global_norm, once, sgd as sgd_step,
};
use strata_ml::autograd::{ParamInfo, Var};
use strata_ml::device::{Buffer, StepState};
use strata_ml::tensor::{DType, Tensor, ops};

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
#[napi]
pub struct NativeOptimizer {
    over: Over,
    /// On the parameters' device; none where there are no parameters.
    state: Option<Buffer>,
    norm: Option<Tensor>,
    steps: u32,
}

impl NativeOptimizer {
    fn list(parameters: &[u32], decay: &[bool], rule: Rule) -> Outcome<Self> {
        let count = if let Rule::AdamW(_) = rule { 2 } else { 1 };
        let vars = get_all(parameters)?;
        let mut entries = Vec::with_capacity(vars.len());
        for (i, var) in vars.into_iter().enumerate() {
            let op = "optim";
            let value = var.value();
            value.expect_dtype(op, DType::F32)?;
            value.expect_contiguous(op)?;
            if var.op().is_some() || !var.requires_grad() {
                let shape = var.shape();
                let message =
                    format!("{op}: parameter {i} {shape:?} is no leaf that wants a gradient");
                return Err(Failure::new("graph", op, message));
            }
            let zeros = || Tensor::zeros(value.device(), DType::F32, value.shape());
            let kept = (0..count).map(|_| zeros()).collect::<Result<_, _>>()?;
            entries.push(Entry { decay: decay.get(i).copied().unwrap_or(false), kept, var });
        }
        let values: Vec<&Tensor> = entries.iter().map(|entry| entry.var.value()).collect();
        let op = if count == 2 { "AdamW" } else { "SGD" };
        once(op, &values).map_err(|error| Failure::new("argument", op, error.to_string()))?;
        let state =
            entries.first().map(|e| e.var.value().device().step_state(StepState::default()));
        Ok(NativeOptimizer {
            over: Over::List(entries, rule),
            state: state.transpose()?,
            norm: None,
            steps: 0,
        })
    }

    fn arena(gpt: &NativeGpt, over: Over) -> Outcome<Self> {
        let state = Some(gpt.gpt.device().step_state(StepState::default())?);
        Ok(NativeOptimizer { over, state, norm: None, steps: 0 })
    }

    fn advance(&mut self, lr: f64) -> Outcome<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let Some(step) = self.steps.checked_add(1) else {
            let message =
                format!("step: {} steps were done, which is as many as are counted", self.steps);
            return Err(Failure::new("value", "step", message));
        };
        let lr = rate("step", lr)?;
        let now = StepState { step, lr, loss_scale: 1.0, ..StepState::default() };
        state.write(0, bytemuck::bytes_of(&now))?;
        match &self.over {
            Over::AdamW(optimizer, _) => {
                optimizer.step(state)?;
                self.norm = Some(optimizer.norm().clone());
            }
            Over::Sgd(optimizer, _) => {
                optimizer.step(state)?;
                self.norm = Some(optimizer.norm().clone());
            }
            Over::List(entries, rule) => self.norm = list_step(entries, rule, state)?,
        }
        self.steps = step;
        Ok(())
    }
}

/// One launch a parameter; those without a gradient stay as they are.
fn list_step(entries: &[Entry], rule: &Rule, state: &Buffer) -> Outcome<Option<Tensor>> {
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

/// The Euclidean norm of all gradients together, on the device; none of none.
fn joint_norm(grads: &[&Tensor]) -> Outcome<Option<Tensor>> {
    let mut norms = Vec::with_capacity(grads.len());
    for grad in grads {
        norms.push(global_norm(grad)?);
    }
    match norms.len() {
        0 => Ok(None),
        1 => Ok(norms.pop()),
        _ => Ok(Some(global_norm(&ops::stack(&norms, 0)?)?)),
    }
}

#[napi]
impl NativeOptimizer {
    /// Moves every parameter that has a gradient.
    #[napi]
    pub fn step(&mut self, lr: f64) -> napi::Result<()> {
        guard(|| self.advance(lr))
    }

    /// Steps done.
    #[napi]
    pub fn steps(&self) -> napi::Result<u32> {
        guard(|| Ok(self.steps))
    }

    /// Says how many steps were done: AdamW's bias correction counts them.
    #[napi]
    pub fn set_steps(&mut self, steps: f64) -> napi::Result<()> {
        guard(|| {
            let steps = whole("optim", "steps", steps)?;
            self.steps = u32::try_from(steps).map_err(|_| {
                let message = format!("optim: {steps} steps are more than are counted");
                Failure::new("value", "optim", message)
            })?;
            Ok(())
        })
    }

    /// What it keeps for parameter `i`.
    #[napi]
    pub fn state(&self, i: u32) -> napi::Result<Vec<u32>> {
        guard(|| {
            let none =
                || Failure::new("index", "optim", format!("optim: there is no parameter {i}"));
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
        })
    }

    /// The gradient's norm in the last step, before clipping; 0 before the first.
    #[napi]
    pub fn norm(&self) -> napi::Result<f64> {
        guard(|| match &self.norm {
            Some(norm) => Ok(f64::from(norm.item::<f32>()?)),
            None => Ok(0.0),
        })
    }
}

/// AdamW over a list.
#[napi]
pub fn adamw(
    parameters: Vec<u32>,
    decay: Vec<bool>,
    config: String,
) -> napi::Result<NativeOptimizer> {
    guard(|| {
        let options: AdamWOptions = serde_json::from_str(&config).map_err(json("adamw"))?;
        let config = AdamWConfig::from(options);
        config.validate()?;
        NativeOptimizer::list(&parameters, &decay, Rule::AdamW(config))
    })
}

/// SGD over a list.
#[napi]
pub fn sgd(
    parameters: Vec<u32>,
    decay: Vec<bool>,
    config: String,
) -> napi::Result<NativeOptimizer> {
    guard(|| {
        let options: SgdOptions = serde_json::from_str(&config).map_err(json("sgd"))?;
        let config = SgdConfig::from(options);
        config.validate()?;
        NativeOptimizer::list(&parameters, &decay, Rule::Sgd(config))
    })
}

/// AdamW over a model's arenas.
#[napi]
pub fn adamw_arena(gpt: &NativeGpt, config: String) -> napi::Result<NativeOptimizer> {
    guard(|| {
        let options: AdamWOptions = serde_json::from_str(&config).map_err(json("adamw"))?;
        let parameters = gpt.gpt.parameters();
        let optimizer = AdamW::new(parameters, options.into())?;
        NativeOptimizer::arena(gpt, Over::AdamW(Box::new(optimizer), parameters.infos().to_vec()))
    })
}

/// SGD over a model's arenas.
#[napi]
pub fn sgd_arena(gpt: &NativeGpt, config: String) -> napi::Result<NativeOptimizer> {
    guard(|| {
        let options: SgdOptions = serde_json::from_str(&config).map_err(json("sgd"))?;
        let parameters = gpt.gpt.parameters();
        let optimizer = Sgd::new(parameters, options.into())?;
        NativeOptimizer::arena(gpt, Over::Sgd(Box::new(optimizer), parameters.infos().to_vec()))
    })
}

/// A variable that stands twice in a list would have its gradient counted twice, and scaled twice.
fn listed_once(op: &str, vars: &[Var]) -> Outcome<()> {
    let mut places = HashMap::with_capacity(vars.len());
    for (j, var) in vars.iter().enumerate() {
        if let Some(i) = places.insert(var.id(), j) {
            let message = format!("{op}: parameter {j} is parameter {i} again; list each once");
            return Err(Failure::new("argument", op, message));
        }
    }
    Ok(())
}

/// Scales gradients in place so that their global norm is at most `most`; returns what it was.
#[napi]
pub fn clip_grad_norm(parameters: Vec<u32>, most: f64) -> napi::Result<f64> {
    guard(|| {
        if !(most > 0.0 && most.is_finite()) {
            let message =
                format!("clipGradNorm: the largest norm must be a positive number, not {most}");
            return Err(Failure::new("value", "clipGradNorm", message));
        }
        let vars = get_all(&parameters)?;
        listed_once("clipGradNorm", &vars)?;
        let grads: Vec<Tensor> = vars.iter().filter_map(Var::grad).collect();
        let Some(norm) = joint_norm(&grads.iter().collect::<Vec<_>>())? else { return Ok(0.0) };
        let norm = norm.item::<f32>()?;
        let factor = single(most) / (norm + 1e-6);
        if factor < 1.0 {
            for grad in &grads {
                ops::copy_into(&grad.affine(factor, 0.0)?, grad)?;
            }
        }
        Ok(f64::from(norm))
    })
}
