//! Checkpoints that other programs wrote: whatever of them would be left out is refused by its name,
//! and what may be left out is no reason to refuse.
mod common;

use common::{cpu, saved, shape};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use strata_device::testing::testing_devices;
use strata_transformer::Gpt;
use strata_transformer::checkpoint::{self, read_tensors, read_weights};

const WTE: &str = "transformer.wte.weight";

/// A tensor as a file has it.
#[derive(Clone)]
struct Raw {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

type File = BTreeMap<String, Raw>;

fn raw(dtype: Dtype, shape: &[usize], bytes: Vec<u8>) -> Raw {
    Raw { dtype, shape: shape.to_vec(), bytes }
}

fn floats(shape: &[usize], data: &[f32]) -> Raw {
    raw(Dtype::F32, shape, data.iter().flat_map(|x| x.to_le_bytes()).collect())
}

fn write(path: &Path, file: &File) {
    let views = file.iter().map(|(name, r)| {
        (name.clone(), TensorView::new(r.dtype, r.shape.clone(), &r.bytes).unwrap())
    });
    let views: Vec<_> = views.collect();
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// A checkpoint as another program leaves it, and its tensors.
fn foreign() -> (tempfile::TempDir, File) {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), &cpu());
    for ours in ["trainer.json", "optimizer.safetensors"] {
        fs::remove_file(folder.path().join(ours)).unwrap();
    }
    let tensors = read_tensors(&folder.path().join("model.safetensors")).unwrap();
    let file = tensors.into_iter().map(|(name, t)| (name, floats(&t.shape, &t.data))).collect();
    (folder, file)
}

fn values(model: &Gpt) -> Vec<f32> {
    model.parameters().values().unwrap().to_vec().unwrap()
}

/// Writes it and opens it on every device: the weights, or what is wrong with it.
fn opened(folder: &Path, file: &File) -> Result<(), String> {
    write(&folder.join("model.safetensors"), file);
    same(folder)
}

fn same(folder: &Path) -> Result<(), String> {
    for device in testing_devices() {
        let loaded = checkpoint::load(folder, &device).map_err(|e| e.to_string())?;
        assert!(values(&loaded.model) == values(&Gpt::new(&shape(), &device, 1).unwrap()));
    }
    Ok(())
}

fn refused(found: Result<(), String>, words: &[&str]) {
    let message = found.unwrap_err();
    words.iter().for_each(|word| assert!(message.contains(word), "{word:?}: {message}"));
    assert!(!message.contains("--"), "the library knows no flags: {message}");
}

/// Of each dtype that is no parameter's: its name, its width and a byte of it.
const OTHERS: [(Dtype, usize); 10] = [
    (Dtype::BOOL, 1),
    (Dtype::U8, 1),
    (Dtype::I8, 1),
    (Dtype::I16, 2),
    (Dtype::U16, 2),
    (Dtype::I32, 4),
    (Dtype::U32, 4),
    (Dtype::I64, 8),
    (Dtype::U64, 8),
    (Dtype::F64, 8),
];

#[test]
fn a_parameter_that_is_no_float_is_refused_by_name() {
    let (folder, file) = foreign();
    for name in [WTE, "transformer.h.0.attn.c_attn.bias", "transformer.ln_f.weight"] {
        for (dtype, width) in OTHERS {
            let mut file = file.clone();
            let tensor = file.get_mut(name).unwrap();
            let n: usize = tensor.shape.iter().product();
            *tensor = raw(dtype, &tensor.shape.clone(), vec![1; n * width]);
            let word = format!("{dtype:?}");
            refused(opened(folder.path(), &file), &[name, &word, "model.safetensors"]);
            let model = Gpt::new(&shape(), &cpu(), 1).unwrap();
            let path = folder.path().join("model.safetensors");
            let message = checkpoint::load_weights(&model, &path).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains(&word), "{message}");
        }
    }
}

#[test]
fn half_a_float_is_widened() {
    let (folder, file) = foreign();
    let rounded = |dtype: Dtype| {
        let half = |x: f32| match dtype {
            Dtype::F16 => (half::f16::from_f32(x).to_le_bytes(), half::f16::from_f32(x).to_f32()),
            _ => (half::bf16::from_f32(x).to_le_bytes(), half::bf16::from_f32(x).to_f32()),
        };
        let (mut written, mut want) = (File::new(), Vec::new());
        for (name, tensor) in &file {
            let all = tensor.bytes.as_chunks::<4>().0.iter().map(|&b| half(f32::from_le_bytes(b)));
            let (bytes, back): (Vec<_>, Vec<_>) = all.unzip();
            written.insert(name.clone(), raw(dtype, &tensor.shape, bytes.concat()));
            want.push((name.clone(), back));
        }
        (written, want)
    };
    for dtype in [Dtype::F16, Dtype::BF16] {
        let (written, want) = rounded(dtype);
        write(&folder.path().join("model.safetensors"), &written);
        let loaded = checkpoint::load(folder.path(), &cpu()).unwrap();
        let have = checkpoint::weights(&loaded.model).unwrap();
        for (name, data) in want {
            assert!(have.iter().find(|t| t.name == name).unwrap().data == data, "{name}");
        }
    }
}

#[test]
fn masks_of_any_dtype_are_left_out() {
    let (folder, file) = foreign();
    let kinds = [(Dtype::F32, 4), (Dtype::F16, 2), (Dtype::BF16, 2)];
    for (dtype, width) in OTHERS.into_iter().chain(kinds) {
        for prefix in ["transformer.", ""] {
            let mut file = file.clone();
            let name = |what: &str| format!("{prefix}h.0.attn.{what}");
            file.insert(name("bias"), raw(dtype, &[1, 1, 16, 16], vec![0; 256 * width]));
            file.insert(name("masked_bias"), raw(dtype, &[], vec![0; width]));
            opened(folder.path(), &file).unwrap();
        }
    }
    // There is no second layer for it to belong to.
    let mut file = file;
    file.insert("h.1.attn.bias".into(), raw(Dtype::U8, &[1, 1, 16, 16], vec![1; 256]));
    refused(opened(folder.path(), &file), &["h.1.attn.bias", "no GPT-2 of 1 layers"]);
}

#[test]
fn a_head_of_its_own_is_refused() {
    let (folder, file) = foreign();
    let with = |name: &str, tensor: Raw| {
        let mut file = file.clone();
        file.insert(name.into(), tensor);
        opened(folder.path(), &file)
    };
    let table = file[WTE].clone();
    with("lm_head.weight", table.clone()).unwrap();
    let mut other = table.clone();
    let last = other.bytes.len() - 4;
    other.bytes[last..].copy_from_slice(&7f32.to_le_bytes());
    let number = (280 * 16 - 1).to_string();
    refused(with("lm_head.weight", other), &["lm_head.weight", WTE, &number, "tie_word"]);
    refused(
        with("lm_head.weight", floats(&[3, 3], &[0.0; 9])),
        &["lm_head.weight", "[3, 3]", "[280, 16]"],
    );
    refused(with("lm_head.weight", raw(Dtype::U8, &[280, 16], vec![0; 4480])), &["U8"]);
    refused(with("lm_head.bias", floats(&[280], &[0.0; 280])), &["lm_head.bias"]);
    // Both names of one parameter: one of them would be left out.
    refused(with("wte.weight", table), &["wte.weight", "twice"]);
    // Zeros of either sign, and a table whose names have no prefix.
    let mut bare: File =
        file.iter().map(|(name, t)| (name.replace("transformer.", ""), t.clone())).collect();
    let (mut plus, mut minus) = (bare["wte.weight"].clone(), bare["wte.weight"].clone());
    plus.bytes[..4].copy_from_slice(&0f32.to_le_bytes());
    minus.bytes[..4].copy_from_slice(&(-0f32).to_le_bytes());
    bare.insert("wte.weight".into(), plus);
    bare.insert("lm_head.weight".into(), minus);
    write(&folder.path().join("model.safetensors"), &bare);
    checkpoint::load(folder.path(), &cpu()).unwrap();
}

/// Cuts the weights into shards, `count` of them, as `transformers` does.
fn shard(folder: &Path, file: &File, count: usize) -> Vec<String> {
    let names: Vec<String> =
        (1..=count).map(|i| format!("model-{i:05}-of-{count:05}.safetensors")).collect();
    let mut shards = vec![File::new(); count];
    let mut map = serde_json::Map::new();
    for (i, (name, tensor)) in file.iter().enumerate() {
        shards[i % count].insert(name.clone(), tensor.clone());
        map.insert(name.clone(), names[i % count].clone().into());
    }
    for (name, shard) in names.iter().zip(&shards) {
        write(&folder.join(name), shard);
    }
    let index = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": map});
    fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    let _ = fs::remove_file(folder.join("model.safetensors"));
    names
}

#[test]
fn shards_are_one_model() {
    let (folder, file) = foreign();
    let at = |name: &str| folder.path().join(name);
    let index = at("model.safetensors.index.json");
    for count in [1, 2, 5] {
        let names = shard(folder.path(), &file, count);
        same(folder.path()).unwrap();
        assert_eq!(read_weights(folder.path()).unwrap().len(), file.len());
        for name in &names {
            let bytes = fs::read(at(name)).unwrap();
            fs::remove_file(at(name)).unwrap();
            refused(same(folder.path()), &[name, "missing", "index"]);
            assert!(read_weights(folder.path()).unwrap_err().to_string().contains(name));
            fs::write(at(name), &bytes[..bytes.len() - 1]).unwrap();
            refused(same(folder.path()), &[name, "truncated"]);
            fs::write(at(name), bytes).unwrap();
        }
    }
    // Whatever holds for one file holds for several.
    let mut more = file.clone();
    more.insert("lm_head.weight".into(), floats(&[280, 16], &[0.5; 4480]));
    shard(folder.path(), &more, 3);
    refused(same(folder.path()), &["lm_head.weight", "wte.weight"]);
    let names = shard(folder.path(), &file, 2);
    let good = fs::read_to_string(&index).unwrap();
    // A tensor that is elsewhere, and one that is in both.
    let last = file.keys().last().unwrap();
    fs::write(&index, good.replace(&format!("{last:?}:"), "\"nobody\":")).unwrap();
    refused(same(folder.path()), &["nobody", &names[(file.len() - 1) % 2]]);
    fs::write(&index, &good).unwrap();
    let mut both: File = file.iter().step_by(2).map(|(n, t)| (n.clone(), t.clone())).collect();
    both.extend(file.iter().nth(1).map(|(n, t)| (n.clone(), t.clone())));
    write(&at(&names[0]), &both);
    refused(same(folder.path()), &["twice", &names[0], &names[1]]);
    shard(folder.path(), &file, 2);
    for wrong in ["../model.safetensors", "/etc/passwd", "a/b", "..", "."] {
        fs::write(&index, good.replace(&names[1], wrong)).unwrap();
        refused(same(folder.path()), &[wrong, "no file's name"]);
    }
    for broken in ["{", "[]", "{}", "{\"weight_map\": {}}", "{\"weight_map\": {\"a\": 1}}"] {
        fs::write(&index, broken).unwrap();
        refused(same(folder.path()), &["index.json"]);
    }
    // One whole file counts for more than shards, as with `transformers`.
    opened(folder.path(), &file).unwrap();
}

#[test]
fn tensors_of_every_dtype_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.safetensors");
    let of = |tensor: Raw| {
        write(&path, &File::from([("a".into(), tensor)]));
        let found = read_tensors(&path);
        found.map(|mut all| all.remove("a").unwrap().data).map_err(|e| e.to_string())
    };
    let read = |dtype: Dtype, n: usize, bytes: Vec<u8>| of(raw(dtype, &[n], bytes));
    assert_eq!(read(Dtype::BOOL, 2, vec![0, 1]).unwrap(), [0.0, 1.0]);
    assert_eq!(read(Dtype::U8, 2, vec![7, 255]).unwrap(), [7.0, 255.0]);
    assert_eq!(read(Dtype::I8, 2, vec![255, 128]).unwrap(), [-1.0, -128.0]);
    let bytes = [-2i16, 300].map(i16::to_le_bytes).concat();
    assert_eq!(read(Dtype::I16, 2, bytes).unwrap(), [-2.0, 300.0]);
    let bytes = [65_535u16].map(u16::to_le_bytes).concat();
    assert_eq!(read(Dtype::U16, 1, bytes).unwrap(), [65_535.0]);
    let bytes = [-5i32, i32::MIN, 1 << 24].map(i32::to_le_bytes).concat();
    assert_eq!(read(Dtype::I32, 3, bytes).unwrap(), [-5.0, -2_147_483_648.0, 16_777_216.0]);
    let bytes = [-5i64, i64::MIN, 0].map(i64::to_le_bytes).concat();
    assert_eq!(read(Dtype::I64, 3, bytes).unwrap(), [-5.0, i64::MIN as f32, 0.0]);
    let bytes = [0.1f64, -1e4].map(f64::to_le_bytes).concat();
    assert_eq!(read(Dtype::F64, 2, bytes).unwrap(), [0.1f32, -1e4]);
    for (dtype, bytes) in [
        (Dtype::I32, ((1i32 << 24) + 1).to_le_bytes().to_vec()),
        (Dtype::U32, u32::MAX.to_le_bytes().to_vec()),
        (Dtype::I64, i64::MAX.to_le_bytes().to_vec()),
        (Dtype::U64, u64::MAX.to_le_bytes().to_vec()),
        (Dtype::F8_E4M3, vec![1]),
    ] {
        let message = read(dtype, 1, bytes).unwrap_err();
        assert!(message.contains("tensor a") && message.contains(&format!("{dtype:?}")));
    }
}
