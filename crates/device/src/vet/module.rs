//! A WGSL kernel as naga understands it, measured before a driver sees it.
use super::{Fault, fault, loops};
use crate::{Caps, Loaded};
use ::wgpu::naga::back::pipeline_constants::process_overrides;
use ::wgpu::naga::proc::{IndexableLength, TypeResolution};
use ::wgpu::naga::valid::{Capabilities, FunctionInfo, ModuleInfo, ValidationFlags, Validator};
use ::wgpu::naga::{
    AddressSpace, BinaryOperator, Expression, Function, Handle, MathFunction, Module, ShaderStage,
    Statement, Type, TypeInner, UniqueArena, front::wgsl,
};

/// Bytes of private variables, and of a function's: WGSL's own limits.
const PRIVATE: u64 = 8192;
/// Bytes of a storage buffer whose type says how long it is.
const STORAGE: u64 = 16 << 20;
/// Types inside one another: WGSL's own limit.
const NESTING: u32 = 15;
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

struct Measured<'a> {
    module: &'a Module,
    info: &'a ModuleInfo,
    sizes: Vec<Size>,
}

/// A type's share of memory and of work.
#[derive(Clone, Copy, Default)]
struct Size {
    bytes: u64,
    numbers: u64,
}

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

    fn size(&self, ty: Handle<Type>) -> Size {
        self.sizes.get(ty.index()).copied().unwrap_or_default()
    }

    fn inner(&self, inner: &TypeInner) -> Size {
        measure(inner, &self.sizes, self.module)
    }
}

/// What a step costs beyond a plain one. A software adapter writes a memory access out for each of
/// its lanes, with naga's check of the index; and a sine or a power as a polynomial.
const MEMORY_ACCESS: u64 = 8;
const SERIES: u64 = 24;
const BRANCH: u64 = 8;
/// Functions that call one another in a row: a driver that puts them in line copies the innermost
/// once for each.
const CALLS: u64 = 100;

/// Weighs one function.
struct Weigh<'a> {
    measured: &'a Measured<'a>,
    function: &'a Function,
    info: &'a FunctionInfo,
}

impl Weigh<'_> {
    fn numbers(&self, handle: Handle<Expression>) -> u64 {
        let numbers = match &self.info[handle].ty {
            TypeResolution::Handle(ty) => self.measured.size(*ty).numbers,
            TypeResolution::Value(inner) => self.measured.inner(inner).numbers,
        };
        numbers.max(1)
    }

    fn expression(&self, handle: Handle<Expression>) -> u64 {
        let numbers = self.numbers(handle);
        match &self.function.expressions[handle] {
            Expression::GlobalVariable(_)
            | Expression::LocalVariable(_)
            | Expression::FunctionArgument(_)
            | Expression::Literal(_) => 0,
            Expression::Access { base, .. } => numbers.saturating_add(self.choice(*base)),
            Expression::Load { pointer } => numbers.saturating_mul(self.access(*pointer)),
            Expression::Math { fun, .. } if is_series(*fun) => numbers.saturating_mul(SERIES),
            Expression::Binary { op: BinaryOperator::Divide | BinaryOperator::Modulo, .. } => {
                numbers.saturating_mul(BRANCH)
            }
            _ => numbers,
        }
    }

    /// What a number of this pointer's costs to read or write.
    fn access(&self, pointer: Handle<Expression>) -> u64 {
        let inner = self.info[pointer].ty.inner_with(&self.measured.module.types);
        let local =
            matches!(inner.pointer_space(), Some(AddressSpace::Function | AddressSpace::Private));
        let whole = matches!(
            self.function.expressions[pointer],
            Expression::LocalVariable(_) | Expression::GlobalVariable(_)
        );
        if local && whole { 1 } else { MEMORY_ACCESS }
    }

    /// What it costs to index an array that has no place in memory: drivers keep it in registers, and
    /// choose among them one by one. Nine choices among 1,024 take LLVM half a minute, and its time
    /// grows with the square.
    fn choice(&self, base: Handle<Expression>) -> u64 {
        let inner = self.info[base].ty.inner_with(&self.measured.module.types);
        let numbers = match inner {
            TypeInner::Pointer { base, space: AddressSpace::Function | AddressSpace::Private } => {
                self.measured.size(*base).numbers
            }
            TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. } => 0,
            value => self.measured.inner(value).numbers,
        };
        numbers.saturating_mul(numbers) / 16
    }

    /// The statements, and the steps of what they call.
    fn statements(&self, before: &[u64]) -> u64 {
        let mut steps = 0u64;
        let mut blocks = vec![&self.function.body];
        while let Some(block) = blocks.pop() {
            for statement in block.iter() {
                let step = match statement {
                    Statement::Block(inner) => {
                        blocks.push(inner);
                        0
                    }
                    Statement::If { accept, reject, .. } => {
                        blocks.extend([accept, reject]);
                        BRANCH
                    }
                    Statement::Switch { cases, .. } => {
                        blocks.extend(cases.iter().map(|c| &c.body));
                        BRANCH.saturating_mul(cases.len() as u64)
                    }
                    Statement::Loop { body, continuing, .. } => {
                        blocks.extend([body, continuing]);
                        BRANCH
                    }
                    Statement::Store { pointer, value } => {
                        self.numbers(*value).saturating_mul(self.access(*pointer))
                    }
                    Statement::Atomic { .. } => 2 * MEMORY_ACCESS,
                    // Called functions come first in the module.
                    Statement::Call { function, .. } => {
                        before.get(function.index()).copied().unwrap_or(u64::MAX)
                    }
                    _ => 1,
                };
                steps = steps.saturating_add(step);
            }
        }
        steps
    }
}

/// The longest row of calls that begins here.
fn deepest(function: &Function, before: &[u64]) -> u64 {
    let (mut most, mut blocks) = (0, vec![&function.body]);
    while let Some(block) = blocks.pop() {
        for statement in block.iter() {
            match statement {
                Statement::Block(inner) => blocks.push(inner),
                Statement::If { accept, reject, .. } => blocks.extend([accept, reject]),
                Statement::Switch { cases, .. } => blocks.extend(cases.iter().map(|c| &c.body)),
                Statement::Loop { body, continuing, .. } => blocks.extend([body, continuing]),
                Statement::Call { function, .. } => {
                    let depth = before.get(function.index()).copied().unwrap_or(u64::MAX);
                    most = most.max(depth);
                }
                _ => {}
            }
        }
    }
    most
}

fn is_series(fun: MathFunction) -> bool {
    use MathFunction as M;
    let cheap = matches!(
        fun,
        M::Abs
            | M::Min
            | M::Max
            | M::Clamp
            | M::Saturate
            | M::Floor
            | M::Ceil
            | M::Round
            | M::Fract
            | M::Trunc
            | M::Sign
            | M::Fma
            | M::Mix
            | M::Step
            | M::Sqrt
            | M::Dot
            | M::InverseSqrt
            | M::CountOneBits
            | M::ReverseBits
            | M::ExtractBits
            | M::InsertBits
    );
    !cheap
}

/// Every type's size; a type's parts come before it.
fn sizes(module: &Module) -> Vec<Size> {
    let mut sizes: Vec<Size> = Vec::with_capacity(module.types.len());
    for (_, ty) in module.types.iter() {
        let size = measure(&ty.inner, &sizes, module);
        sizes.push(size);
    }
    sizes
}

fn measure(inner: &TypeInner, sizes: &[Size], module: &Module) -> Size {
    let of = |ty: Handle<Type>| sizes.get(ty.index()).copied().unwrap_or_default();
    match inner {
        TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) => {
            Size { bytes: u64::from(scalar.width), numbers: 1 }
        }
        TypeInner::Vector { size, scalar } => {
            let n = *size as u64;
            Size { bytes: n.next_power_of_two() * u64::from(scalar.width), numbers: n }
        }
        TypeInner::Matrix { columns, rows, scalar } => {
            let (columns, rows) = (*columns as u64, *rows as u64);
            let bytes = columns * rows.next_power_of_two() * u64::from(scalar.width);
            Size { bytes, numbers: columns * rows }
        }
        TypeInner::Array { base, size, stride } => {
            let n = match size.resolve(module.to_ctx()) {
                Ok(IndexableLength::Known(n)) => u64::from(n),
                Ok(IndexableLength::Dynamic) => 1,
                // An override that has no value by now; nothing is as long as that.
                Err(_) => u64::MAX,
            };
            Size {
                bytes: n.saturating_mul(u64::from(*stride)),
                numbers: n.saturating_mul(of(*base).numbers.max(1)),
            }
        }
        TypeInner::Struct { members, span } => {
            let numbers = members.iter().map(|m| of(m.ty).numbers);
            Size { bytes: u64::from(*span), numbers: numbers.fold(0, u64::saturating_add) }
        }
        TypeInner::CooperativeMatrix { .. } => Size { bytes: 0, numbers: 8 },
        // Pointers, textures and the like are names, not memory.
        _ => Size { bytes: 0, numbers: 1 },
    }
}

fn nesting(types: &UniqueArena<Type>) -> Result<(), Fault> {
    let mut depths: Vec<u32> = Vec::with_capacity(types.len());
    for (_, ty) in types.iter() {
        let of = |ty: &Handle<Type>| depths.get(ty.index()).copied().unwrap_or_default();
        let depth = match &ty.inner {
            TypeInner::Array { base, .. } => of(base) + 1,
            TypeInner::Struct { members, .. } => {
                members.iter().map(|m| of(&m.ty)).max().unwrap_or_default() + 1
            }
            TypeInner::Pointer { base, .. } => of(base),
            _ => 0,
        };
        if depth > NESTING {
            return Err(whole(format!(
                "arrays and structs lie inside one another more than {NESTING} times; WGSL allows \
                 no more"
            )));
        }
        depths.push(depth);
    }
    Ok(())
}

fn whole(text: String) -> Fault {
    fault(0, text)
}
