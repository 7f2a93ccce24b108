//! Whether a kernel's texts take what [`kernel!`](crate::kernel) declares: what a text says of its
//! bindings and its params struct is read from it, and held against the [`Signature`].
mod cuda;
#[cfg(all(feature = "wgpu", not(target_family = "wasm")))]
mod wgsl;

use crate::{Access, DType, Declared, Element, Field, Signature};
pub use cuda::read as cuda;
#[cfg(all(feature = "wgpu", not(target_family = "wasm")))]
pub use wgsl::{of_module, read as wgsl};

/// What an entry point takes, as its text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// Its bindings, in order; `None` where a WGSL entry uses none of that number.
    pub bindings: Vec<Option<Binding>>,
    /// The fields of its params struct.
    pub params: Vec<Param>,
    /// How many arguments a CUDA entry has, tensor maps and the params struct among them.
    pub arguments: usize,
}

/// A binding, as a text says.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// How it is used.
    pub access: Access,
    /// What its elements are; `None` for a type that is a name for several.
    pub element: Option<Element>,
}

/// A field of a params struct, as a text says.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// The type of its words.
    pub dtype: DType,
    /// Where it begins, in words.
    pub at: usize,
    /// How many words it has.
    pub words: usize,
}

impl Taken {
    /// Where this differs from what was declared, in words: names, order, types. Empty is agreement.
    pub fn differences(&self, declared: &Signature) -> Vec<String> {
        let mut list = Vec::new();
        if self.bindings.len() != declared.bindings.len() {
            let (got, want) = (self.bindings.len(), declared.bindings.len());
            list.push(format!("it has {got} bindings, {want} are declared"));
        }
        let pairs = self.bindings.iter().zip(declared.bindings).enumerate();
        let pairs = pairs.filter_map(|(i, (got, want))| Some((i, got.as_ref()?, want)));
        for (i, got, want) in pairs {
            let same = got.element.is_none_or(|element| alike(element, want.element));
            if got.name != want.name || got.access != want.access || !same {
                let (got, want) = (got.show(), show(want));
                list.push(format!("binding {i} is `{got}`, declared is `{want}`"));
            }
        }
        let fields = laid(declared.params);
        if self.params.len() != fields.len() {
            let (got, want) = (self.params.len(), fields.len());
            list.push(format!("its Params has {got} fields, {want} are declared"));
        }
        for (got, want) in self.params.iter().zip(&fields).filter(|(got, want)| got != want) {
            let (got, want) = (got.show(), want.show());
            list.push(format!("its Params has `{got}`, declared is `{want}`"));
        }
        list
    }

    /// What of a reader's params struct would not be filled in as it says: its names are free, and it
    /// may end sooner, but each word must be what is passed there.
    ///
    /// # Errors
    /// The first field that is something else, in words.
    pub fn filled_by(&self, declared: &Signature) -> Result<(), String> {
        // One word more than is passed is enough to be told of, however long a text says its arrays are.
        let most = declared.words() + 1;
        let words = |params: &[Param]| -> Vec<(DType, String)> {
            let of = |p: &Param| vec![(p.dtype, p.show()); p.words.min(most)];
            params.iter().flat_map(of).take(most).collect()
        };
        let (got, want) = (words(&self.params), words(&laid(declared.params)));
        for (at, (dtype, own)) in got.iter().enumerate() {
            match want.get(at) {
                None => {
                    return Err(format!(
                        "its Params has `{own}` at word {at}, and the launch passes {at} words"
                    ));
                }
                Some((passed, name)) if !alike(Element::Of(*dtype), Element::Of(*passed)) => {
                    return Err(format!(
                        "its Params has `{own}` at word {at}, where the launch passes `{name}`"
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// Whole numbers are told apart by no text: an index is an index with a sign or without.
fn alike(got: Element, want: Element) -> bool {
    match (got, want) {
        (Element::Of(a), Element::Of(b)) if a.size() == 4 && b.size() == 4 => {
            a.is_float() == b.is_float()
        }
        // Packed in words, or what the text calls halves.
        (Element::Of(DType::U32), Element::Of(b)) => b.size() == 2,
        (Element::Of(_) | Element::Bits, Element::Bits) => true,
        (Element::Of(a), Element::Words) => a.size() == 4,
        // What is written for f32 alone takes f32.
        (Element::Of(DType::F32), Element::Stored | Element::Outcome) => true,
        (Element::Bits, Element::Words) => true,
        (a, b) => a == b,
    }
}

impl Binding {
    fn show(&self) -> String {
        let access = if self.access == Access::Read { "read" } else { "write" };
        let element = self.element.map_or("a type of its own".into(), |e| e.to_string());
        format!("{}: {access} {element}", self.name)
    }
}

fn show(declared: &Declared) -> String {
    let Declared { name, access, element } = *declared;
    Binding { name: name.into(), access, element: Some(element) }.show()
}

impl Param {
    fn show(&self) -> String {
        match self.words {
            1 => format!("{}: {}", self.name, self.dtype),
            n => format!("{}: {n} words of {}", self.name, self.dtype),
        }
    }
}

/// The declared fields, each where it begins.
fn laid(fields: &[Field]) -> Vec<Param> {
    let mut next = 0;
    let place = |field: &Field| {
        let at = next;
        next += field.words;
        Param { name: field.name.into(), dtype: field.dtype, at, words: field.words }
    };
    fields.iter().map(place).collect()
}
