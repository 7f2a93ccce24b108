use crate::{Error, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use strata_files::{current, read};

/// The index beside shards, as `transformers` calls it.
const INDEX: &str = "model.safetensors.index.json";

/// The largest index that is read; one of a thousand layers has a megabyte.
const MOST: u64 = 1 << 24;

/// `model.safetensors.index.json`: which file each tensor of a large model is in.
#[derive(Debug)]
pub(super) struct Index {
    pub path: PathBuf,
    weight_map: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Text {
    weight_map: BTreeMap<String, String>,
}

impl Index {
    /// The index of a folder without a `model.safetensors`, if it has one; every shard it names is
    /// there.
    ///
    /// # Errors
    /// The index is damaged, or names a file that is missing or outside the folder.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        // What Strata trains is one file; whose `trainer.json` is there misses that one.
        let whole = ["model.safetensors", "trainer.json"];
        let path = folder.join(INDEX);
        if whole.iter().any(|name| current(folder, name).exists()) || !path.exists() {
            return Ok(None);
        }
        let fail = |reason: String| Err(Error::checkpoint(&path, reason));
        let weight_map = match serde_json::from_slice(&read(&path, MOST)?) {
            Ok(Text { weight_map }) => weight_map,
            Err(error) => return fail(format!("not an index of shards: {error}")),
        };
        if weight_map.is_empty() {
            return fail("its weight_map names no tensor".into());
        }
        let index = Index { path: path.clone(), weight_map };
        for shard in index.shards() {
            let held = || index.weight_map.iter().filter(|(_, other)| *other == shard);
            let tensor = || held().next().map_or("", |(tensor, _)| tensor.as_str());
            let mut parts = Path::new(shard).components();
            if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
                let tensor = tensor();
                return fail(format!("tensor {tensor} is said to be in {shard:?}, no file's name"));
            }
            if !folder.join(shard).exists() {
                let (count, tensor) = (held().count(), tensor());
                return fail(format!(
                    "the shard {shard} is missing, which holds {count} of its tensors ({tensor} is \
                     one); put it into the same folder"
                ));
            }
        }
        Ok(Some(index))
    }

    /// The names of its files, each once.
    pub fn shards(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self.weight_map.values().map(String::as_str).collect();
        names.into_iter().collect()
    }

    /// Checks that every tensor is where the index says.
    ///
    /// # Errors
    /// One is not.
    pub fn check(&self, folder: &Path, source: &super::source::Source) -> Result<()> {
        for (tensor, shard) in &self.weight_map {
            if !source.holds(&folder.join(shard), tensor) {
                let reason = format!("tensor {tensor} is not in {shard}, where the index has it");
                return Err(Error::checkpoint(&self.path, reason));
            }
        }
        Ok(())
    }
}
