use super::tensors::{expect_float, floats, open, widen};
use crate::{Error, Result};
use safetensors::tensor::{SafeTensors, TensorView};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use strata_autograd::ParamInfo;

/// The head's name, in files that hold it beside the token table.
const HEAD: &str = "lm_head.weight";
const TABLE: &str = "transformer.wte.weight";

/// The tensors that a model's parameters are read from, each found by its name: of one file, or of
/// several that belong together.
pub(super) struct Source<'a> {
    path: &'a Path,
    files: Vec<(&'a Path, SafeTensors<'a>)>,
    prefix: &'static str,
}

/// A tensor, and where it was found.
struct Found<'a> {
    path: &'a Path,
    name: String,
    view: TensorView<'a>,
}

impl<'a> Source<'a> {
    /// The file's header is read, its numbers are not.
    pub fn new(path: &'a Path, bytes: &'a [u8], prefix: &'static str) -> Result<Self> {
        Ok(Source { path, files: vec![(path, open(path, bytes)?)], prefix })
    }

    /// The shards that `index` speaks of.
    pub fn of_shards(index: &'a Path, shards: &'a [(PathBuf, Vec<u8>)]) -> Result<Self> {
        let one = |(path, bytes): &'a (PathBuf, Vec<u8>)| Ok((path.as_path(), open(path, bytes)?));
        Ok(Source {
            path: index,
            files: shards.iter().map(one).collect::<Result<_>>()?,
            prefix: "",
        })
    }

    /// The file, or the index of several.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.files.iter().map(|(_, file)| file.len()).sum()
    }

    /// Does this file of them have a tensor of this name?
    pub fn holds(&self, path: &Path, name: &str) -> bool {
        self.files.iter().any(|(at, file)| *at == path && file.tensor(name).is_ok())
    }

    /// The tensor of that name, or of the other name that it may have; none if there is no such tensor.
    ///
    /// # Errors
    /// There are two: which of them is meant?
    fn one_of(&self, names: &[String]) -> Result<Option<Found<'a>>> {
        let mut all = self.files.iter().flat_map(|&(path, ref file)| {
            names.iter().filter_map(move |name| {
                Some(Found { path, name: name.clone(), view: file.tensor(name).ok()? })
            })
        });
        let first = all.next();
        if let (Some(first), Some(second)) = (&first, all.next()) {
            let (a, b) = (&first.name, &second.name);
            let mut reason = format!("it holds a parameter twice, as {a} and as {b}");
            if first.path != second.path {
                let (x, y) = (name_of(first.path), name_of(second.path));
                reason = format!("it holds a parameter twice: {a} in {x} and {b} in {y}");
            }
            return Err(Error::checkpoint(self.path, reason));
        }
        Ok(first)
    }

    /// The tensor of a parameter, under GPT-2's name with or without `transformer.`.
    fn find(&self, name: &str) -> Result<Option<Found<'a>>> {
        let bare = name.strip_prefix("transformer.");
        let names = [Some(name), bare].into_iter().flatten();
        self.one_of(&names.map(|name| format!("{}{name}", self.prefix)).collect::<Vec<_>>())
    }

    fn parameter(&self, name: &str, shape: &[usize]) -> Result<TensorView<'a>> {
        let Some(Found { path, name, view }) = self.find(name)? else {
            let reason = format!("tensor {}{name} is missing", self.prefix);
            return Err(Error::checkpoint(self.path, reason));
        };
        expect_float(path, &name, view.dtype())?;
        if view.shape() != shape {
            let have = view.shape();
            let reason = format!("tensor {name} has shape {have:?}, the model needs {shape:?}");
            return Err(Error::checkpoint(path, reason));
        }
        Ok(view)
    }

    /// Checks that a parameter is there, in this shape.
    ///
    /// # Errors
    /// It is not, is there twice, or is no float.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<()> {
        self.parameter(name, shape).map(drop)
    }

    /// Copies a parameter's numbers to its place in an arena.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    #[expect(
        clippy::indexing_slicing,
        reason = "an arena of the model's has a place for each parameter"
    )]
    pub fn fill(&self, info: &ParamInfo, arena: &mut [f32]) -> Result<()> {
        let tensor = self.parameter(&info.name, &info.shape)?;
        let n: usize = info.shape.iter().product();
        widen(&tensor, &mut arena[info.offset..info.offset + n]);
        Ok(())
    }

    /// The model's head is its token table. A file may hold it once more, and then it must be the
    /// same: a head of its own would be a layer that is left out.
    ///
    /// # Errors
    /// It is another.
    pub fn check_head(&self) -> Result<()> {
        let Some(Found { path, view: head, .. }) = self.one_of(&[HEAD.to_string()])? else {
            return Ok(());
        };
        let Some(Found { name, view: table, .. }) = self.find(TABLE)? else { return Ok(()) };
        expect_float(path, HEAD, head.dtype())?;
        let fail = |differs: String| {
            let reason = format!(
                "tensor {HEAD} is not {name}: {differs}. This engine's GPT-2 has one table for \
                 both (tie_word_embeddings), and would leave this head out"
            );
            Err(Error::checkpoint(path, reason))
        };
        if head.shape() != table.shape() {
            return fail(format!("its shape is {:?}, not {:?}", head.shape(), table.shape()));
        }
        if head.dtype() == table.dtype() && head.data() == table.data() {
            return Ok(());
        }
        let same = |(a, b): &(f32, f32)| a == b || a.to_bits() == b.to_bits();
        let mut pairs = floats(&head).into_iter().zip(floats(&table));
        match pairs.position(|pair| !same(&pair)) {
            Some(at) => fail(format!("number {at} of it is another")),
            None => Ok(()),
        }
    }

    /// A tensor that is none of these parameters, nor one that GPT-2 files may carry beside them:
    /// the tied head, and the constant masks of attention, of whatever dtype.
    pub fn stranger(&self, infos: &[ParamInfo]) -> Option<String> {
        let mut known: HashSet<String> = HashSet::from([HEAD.to_string()]);
        for info in infos {
            let mut add = |name: &str| {
                known.extend(name.strip_prefix("transformer.").map(String::from));
                known.insert(name.to_string());
            };
            add(&info.name);
            if let Some(layer) = info.name.strip_suffix(".attn.c_attn.weight") {
                add(&format!("{layer}.attn.bias"));
                add(&format!("{layer}.attn.masked_bias"));
            }
        }
        let names = self.files.iter().flat_map(|(_, file)| file.names());
        names.filter(|name| !known.contains(*name)).min().map(ToString::to_string)
    }
}

/// A file's name without its folder.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
