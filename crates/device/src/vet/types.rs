//! How much memory the types of a module take, and how many numbers they hold.

use super::Fault;
use super::module::whole;
use naga::proc::IndexableLength;
use naga::{Handle, Module, Type, TypeInner, UniqueArena};

/// Types inside one another: WGSL's own limit.
const NESTING: u32 = 15;

/// A type's share of memory and of work.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) bytes: u64,
    pub(super) numbers: u64,
}

/// Every type's size; a type's parts come before it.
pub(super) fn sizes(module: &Module) -> Vec<Size> {
    let mut sizes: Vec<Size> = Vec::with_capacity(module.types.len());
    for (_, ty) in module.types.iter() {
        let size = measure(&ty.inner, &sizes, module);
        sizes.push(size);
    }
    sizes
}

pub(super) fn measure(inner: &TypeInner, sizes: &[Size], module: &Module) -> Size {
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

pub(super) fn nesting(types: &UniqueArena<Type>) -> Result<(), Fault> {
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
