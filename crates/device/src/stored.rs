//! Which floats a launch's tensors are stored in, and whether its kernel is written for them.
use crate::{DType, Declared, Element, Launch, Machine};

/// A binding whose dtype its kernel does not take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foreign {
    /// As declared.
    pub name: &'static str,
    /// What it takes instead, in words.
    pub want: String,
    /// What was bound.
    pub got: DType,
}

/// The first binding of a dtype that the kernel is not written for on this machine.
pub(crate) fn foreign(launch: &Launch, machine: Machine) -> Option<Foreign> {
    let found = |declared: &Declared, got: DType| {
        let Declared { name, element, .. } = *declared;
        let of = |want: String| Some(Foreign { name, want, got });
        if !element.takes(got) {
            return of(element.to_string());
        }
        // Portable WGSL has no type for them.
        if element.chosen_by().is_some() && machine == Machine::Wgpu && got != DType::F32 {
            return of(DType::F32.to_string());
        }
        let one = chosen(launch, element).filter(|one| *one != got)?;
        of(one.to_string())
    };
    pairs(launch).find_map(|(declared, dtype)| found(declared, dtype))
}

/// The dtype of all a launch's bindings that are this element, where it is chosen by what is bound.
pub(crate) fn chosen(launch: &Launch, element: Element) -> Option<DType> {
    element.chosen_by()?;
    pairs(launch).find(|(declared, _)| declared.element == element).map(|(_, dtype)| dtype)
}

/// Sets the constants that tell texts what is stored; f32 is what they take without.
pub(crate) fn set(launch: &mut Launch) {
    for element in [Element::Stored, Element::Outcome] {
        let dtype = chosen(launch, element).filter(|dtype| *dtype != DType::F32);
        if let (Some(dtype), Some((name, _))) = (dtype, element.chosen_by()) {
            launch.constants.push((name, dtype.code()));
        }
    }
}

fn pairs(launch: &Launch) -> impl Iterator<Item = (&'static Declared, DType)> {
    let pairs = launch.bindings.iter().zip(launch.kernel.signature.bindings);
    pairs.filter_map(|(binding, declared)| Some((declared, binding.dtype?)))
}
