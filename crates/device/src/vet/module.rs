//! A WGSL kernel as naga understands it, measured before a driver sees it.
use super::types::{Size, measure, nesting, sizes};
use super::weigh::{Weigh, deepest};
use super::{Fault, fault, loops};
use crate::{Caps, Loaded};
use naga::back::pipeline_constants::process_overrides;
use naga::valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Function, Handle, Module, ShaderStage, Type, TypeInner, front::wgsl};

/// Bytes of private variables, and of a function's: WGSL's own limits.
const PRIVATE: u64 = 8192;
/// Bytes of a storage buffer whose type says how long it is.
const STORAGE: u64 = 16 << 20;
/// Steps of the kernel once every function stands in line, a vector counted as its numbers. The
/// largest of ours has 7,000. LLVM, in the software adapter, takes time that grows with their square:
/// about 4 s of a processor here.
const STEPS: u64 = 20_000;

/// What a kernel comes to.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    /// Its steps.
    pub steps: u64,
    /// Whether each of its loops is seen to end.
    pub ends: bool,
}

/// Measures a kernel as the launch would compile it, its constants set and its entry chosen.
///
/// Call it with a text that [`super::wgsl`] passed, on a stack as large as a compiler's.
///
/// # Errors
/// naga's message, or the bound that the kernel oversteps.
pub fn look(
    loaded: &Loaded,
    entry: &str,
    constants: &[(&str, f64)],
    caps: &Caps,
) -> Result<Looked, String> {
    let text = loaded.text.as_str();
    let options = wgsl::Options { capabilities: Capabilities::all(), ..wgsl::Options::new() };
    let module = wgsl::Frontend::new_with_options(options)
        .parse(text)
        .map_err(|error| error.emit_to_string_with_path(text, "wgsl"))?;
    nesting(&module.types).map_err(|fault| fault.text)?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    let info = validator
        .validate(&module)
        .map_err(|error| error.emit_to_string_with_path(text, "wgsl"))?;
    let constants = constants.iter().map(|&(name, value)| (name.to_string(), value)).collect();
    let found = module.entry_points.iter().any(|e| e.name == entry);
    if !found {
        // wgpu says so, and names the entries that are there.
        return Ok(Looked { steps: 0, ends: true });
    }
    let (module, info) =
        process_overrides(&module, &info, Some((ShaderStage::Compute, entry)), &constants)
            .map_err(|error| error.to_string())?;
    let measured = Measured { module: &module, info: &info, sizes: sizes(&module) };
    let steps = measured.check(entry, caps).map_err(|fault| fault.text)?;
    Ok(Looked { steps, ends: loops::end(&module) })
}

pub(super) struct Measured<'a> {
    pub(super) module: &'a Module,
    info: &'a ModuleInfo,
    sizes: Vec<Size>,
}

/// Functions that call one another in a row: a driver that puts them in line copies the innermost
/// once for each.
const CALLS: u64 = 100;

impl Measured<'_> {
    fn check(&self, entry: &str, caps: &Caps) -> Result<u64, Fault> {
        let module = self.module;
        let entries = module.entry_points.iter().enumerate();
        let Some((at, point)) = entries.into_iter().find(|(_, e)| e.name == entry) else {
            return Ok(0);
        };
        let sides = point.workgroup_size.iter().map(|&n| u64::from(n));
        let threads = sides.fold(1, u64::saturating_mul);
        if threads > u64::from(caps.max_workgroup) {
            let [x, y, z] = point.workgroup_size;
            return Err(whole(format!(
                "@workgroup_size({x}, {y}, {z}) is {threads} invocations; this device runs at most {} \
                 in one workgroup",
                caps.max_workgroup
            )));
        }
        self.globals(self.info.get_entry_point(at), caps)?;
        let mut steps = Vec::with_capacity(module.functions.len());
        let mut depths = Vec::with_capacity(module.functions.len());
        for (handle, function) in module.functions.iter() {
            let name = function.name.as_deref().unwrap_or("a function");
            steps.push(self.function(name, function, &self.info[handle], &steps)?);
            depths.push(deepest(function, &depths).saturating_add(1));
        }
        if deepest(&point.function, &depths) > CALLS {
            return Err(whole(format!(
                "`{entry}` calls a function that calls a function, more than {CALLS} times in a row"
            )));
        }
        let steps = self.function(entry, &point.function, self.info.get_entry_point(at), &steps)?;
        match steps > STEPS {
            true => Err(whole(format!(
                "`{entry}` comes to {steps} steps once its functions stand in line and arrays are \
                 copied; {STEPS} are the most. Copy less, call less, loop instead of repeating"
            ))),
            false => Ok(steps),
        }
    }

    /// What the entry and the functions below it use.
    fn globals(&self, info: &FunctionInfo, caps: &Caps) -> Result<(), Fault> {
        let (mut workgroup, mut private) = (0u64, 0u64);
        for (handle, global) in self.module.global_variables.iter() {
            let bytes = self.size(global.ty).bytes;
            // Drivers reserve what a module declares, used or not: only what is used is counted,
            // and the rest still has a bound.
            let used = !info[handle].is_empty();
            let (sum, limit) = match global.space {
                AddressSpace::WorkGroup => (&mut workgroup, u64::from(caps.shared_bytes)),
                AddressSpace::Private => (&mut private, PRIVATE),
                AddressSpace::Storage { .. } if bytes > STORAGE => {
                    return Err(whole(format!(
                        "a storage variable of {bytes} bytes; {STORAGE} are the most of a fixed size: \
                         write `array<T>` without a length"
                    )));
                }
                _ => continue,
            };
            let name = global.name.as_deref().unwrap_or("a variable");
            let kind = match global.space {
                AddressSpace::WorkGroup => "workgroup",
                _ => "private",
            };
            *sum = sum.saturating_add(if used { bytes } else { 0 });
            if *sum > limit || bytes > limit {
                let (with, bytes) = match *sum > bytes {
                    true => (" and those before it", *sum),
                    false => ("", bytes),
                };
                let whose = match global.space {
                    AddressSpace::WorkGroup => "this device has",
                    _ => "WGSL allows",
                };
                return Err(whole(format!(
                    "the {kind} variable `{name}`{with} take{} {bytes} bytes; {whose} {limit}",
                    if with.is_empty() { "s" } else { "" }
                )));
            }
        }
        Ok(())
    }

    /// The steps of a function, those that it calls included.
    fn function(
        &self,
        name: &str,
        function: &Function,
        info: &FunctionInfo,
        before: &[u64],
    ) -> Result<u64, Fault> {
        let mut bytes = 0u64;
        let mut steps = 0u64;
        for (_, local) in function.local_variables.iter() {
            bytes = bytes.saturating_add(self.size(local.ty).bytes);
            steps = steps.saturating_add(self.size(local.ty).numbers);
        }
        if bytes > PRIVATE {
            return Err(whole(format!(
                "the variables of `{name}` take {bytes} bytes; WGSL allows {PRIVATE} in a function"
            )));
        }
        let weigh = Weigh { measured: self, function, info };
        for (handle, _) in function.expressions.iter() {
            steps = steps.saturating_add(weigh.expression(handle));
        }
        Ok(steps.saturating_add(weigh.statements(before)))
    }

    pub(super) fn size(&self, ty: Handle<Type>) -> Size {
        self.sizes.get(ty.index()).copied().unwrap_or_default()
    }

    pub(super) fn inner(&self, inner: &TypeInner) -> Size {
        measure(inner, &self.sizes, self.module)
    }
}

pub(super) fn whole(text: String) -> Fault {
    fault(0, text)
}
