use super::{Binding, Param, Taken};
use crate::{Access, DType, Element};
use naga::front::wgsl;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Handle, Module, Scalar, ScalarKind, StorageAccess, Type, TypeInner};

/// Bindings in one group, at most.
const MOST: u32 = 1000;

/// What an entry of a WGSL text takes, its includes in front of it.
///
/// # Errors
/// naga's message, or no such entry.
pub fn read(text: &str, entry: &str) -> Result<Taken, String> {
    let options = wgsl::Options { capabilities: Capabilities::all(), ..wgsl::Options::new() };
    let module = wgsl::Frontend::new_with_options(options).parse(text);
    let module = module.map_err(|e| e.emit_to_string(text))?;
    let mut validator = Validator::new(ValidationFlags::all(), Capabilities::all());
    let info = validator.validate(&module).map_err(|e| e.emit_to_string(text))?;
    of_module(&module, &info, entry)
}

/// What an entry of a module takes.
///
/// # Errors
/// No such entry, or a params struct with a field that is no word nor words.
pub fn of_module(module: &Module, info: &ModuleInfo, entry: &str) -> Result<Taken, String> {
    let at = module.entry_points.iter().position(|e| e.name == entry);
    let used = info.get_entry_point(at.ok_or_else(|| format!("it has no entry `{entry}`"))?);
    let mut taken = Taken::default();
    for (handle, global) in module.global_variables.iter() {
        // A number may be anything as long as nothing uses the variable; WebGPU has no more than these.
        let ours = |place: &naga::ResourceBinding| place.group == 0 && place.binding < MOST;
        let Some(place) = global.binding.filter(ours) else { continue };
        let storage = match global.space {
            AddressSpace::Storage { access } => Some(access),
            AddressSpace::Uniform => None,
            _ => continue,
        };
        let Some(access) = storage else {
            if !used[handle].is_empty() {
                taken.params = params(module, global.ty)?;
            }
            continue;
        };
        let number = place.binding as usize;
        if taken.bindings.len() <= number && (!used[handle].is_empty() || only(module, number)) {
            taken.bindings.resize(number + 1, None);
        }
        if !used[handle].is_empty() {
            let write = access.contains(StorageAccess::STORE);
            taken.bindings[number] = Some(Binding {
                name: global.name.clone().unwrap_or_default(),
                access: if write { Access::Write } else { Access::Read },
                element: element(module, global.ty),
            });
        }
    }
    Ok(taken)
}

/// Whether all entries of a module share one variable of this number.
fn only(module: &Module, number: usize) -> bool {
    let of = |binding: Option<naga::ResourceBinding>| {
        binding.is_some_and(|b| b.group == 0 && b.binding as usize == number)
    };
    module.global_variables.iter().filter(|(_, global)| of(global.binding)).count() == 1
}

fn element(module: &Module, ty: Handle<Type>) -> Option<Element> {
    let ty = &module.types[ty];
    match &ty.inner {
        TypeInner::Array { base, .. } => element(module, *base),
        TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) => dtype(*scalar).map(Element::Of),
        TypeInner::Vector { scalar, .. } => dtype(*scalar).map(Element::Of),
        // Those that begin with a step state are one.
        TypeInner::Struct { .. } => {
            ty.name.as_ref().filter(|name| name.ends_with("State")).map(|_| Element::State)
        }
        _ => None,
    }
}

fn dtype(scalar: Scalar) -> Option<DType> {
    match (scalar.kind, scalar.width) {
        (ScalarKind::Float, 4) => Some(DType::F32),
        (ScalarKind::Float, 2) => Some(DType::F16),
        (ScalarKind::Sint, 4) => Some(DType::I32),
        (ScalarKind::Uint, 4) => Some(DType::U32),
        _ => None,
    }
}

fn params(module: &Module, ty: Handle<Type>) -> Result<Vec<Param>, String> {
    let TypeInner::Struct { members, .. } = &module.types[ty].inner else {
        return Err("its uniform is no struct".into());
    };
    let mut list = Vec::new();
    for member in members {
        let name = member.name.clone().unwrap_or_default();
        let Some((dtype, words)) = words(module, member.ty) else {
            return Err(format!("its Params has `{name}`, which is neither a word nor words"));
        };
        list.push(Param { name, dtype, at: member.offset as usize / 4, words });
    }
    Ok(list)
}

fn words(module: &Module, ty: Handle<Type>) -> Option<(DType, usize)> {
    match &module.types[ty].inner {
        TypeInner::Scalar(scalar) => Some((dtype(*scalar)?, 1)),
        TypeInner::Vector { size, scalar } => Some((dtype(*scalar)?, *size as usize)),
        TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
            let (dtype, words) = words(module, *base)?;
            Some((dtype, words.saturating_mul(n.get() as usize)))
        }
        _ => None,
    }
}
