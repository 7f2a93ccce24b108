//! From a kernel's text to a pipeline: compiled once for every choice of constants.
use super::bind::Layout;
use super::{faults, message};
use crate::{Access, Error, Info, Kernel, Launch, Loaded, Overlay, Result, load_wgsl, vet};
use ::wgpu::{Device, ShaderModule};
use std::collections::HashMap;
use std::sync::Arc;

/// A compiled kernel.
pub(super) struct Pipeline {
    pub(super) compute: ::wgpu::ComputePipeline,
    pub(super) layout: Layout,
}

type Constants = Box<[(&'static str, u32)]>;

/// A kernel's pipelines; few enough to look through in a row.
type Variants = Vec<(Constants, bool, Arc<Pipeline>)>;

/// Everything that was compiled.
#[derive(Default)]
pub(super) struct Pipelines {
    /// By the kernel's address: kernels are statics.
    compiled: HashMap<usize, Variants>,
    /// By text, which several entries and overrides share.
    /// By their text: those whose loops keep a counter, and those without.
    modules: [HashMap<Box<str>, ShaderModule>; 2],
    layouts: HashMap<(Vec<Access>, bool), Layout>,
}

impl Pipelines {
    /// The pipeline of a launch, compiled if it is new.
    ///
    /// # Errors
    /// The text is not there or does not compile; its message names the reader's file and line.
    pub(super) fn get(
        &mut self,
        device: &Device,
        launch: &Launch,
        overlay: Option<&Overlay>,
        info: &Info,
    ) -> Result<Arc<Pipeline>> {
        let params = !launch.params.is_empty();
        let key = std::ptr::from_ref(launch.kernel) as usize;
        let variants = self.compiled.entry(key).or_default();
        let fits = |v: &&(Constants, bool, _)| v.1 == params && *v.0 == *launch.constants;
        if let Some((_, _, pipeline)) = variants.iter().find(fits) {
            return Ok(pipeline.clone());
        }
        let loaded = load_wgsl(launch.kernel, &launch.constants, overlay)?;
        let pipeline = self.compile(device, launch, &loaded, info)?;
        #[cfg(not(target_family = "wasm"))]
        if loaded.own {
            // It has compiled, so it can be read once more.
            let read = vet::deep(|| crate::agree::wgsl(&loaded.text, launch.kernel.entry));
            if let Ok(Ok(taken)) = read {
                taken.filled_by(launch.kernel.signature).map_err(|what| Error::Compile {
                    path: loaded.path.clone(),
                    device: info.label(),
                    log: format!("error: {what}"),
                })?;
            }
        }
        self.keep(launch, pipeline.clone());
        Ok(pipeline)
    }

    /// The next launch of this kernel with these constants finds it.
    pub(super) fn keep(&mut self, launch: &Launch, pipeline: Arc<Pipeline>) {
        let params = !launch.params.is_empty();
        let variant = (launch.constants.as_slice().into(), params, pipeline);
        let key = std::ptr::from_ref(launch.kernel) as usize;
        self.compiled.entry(key).or_default().push(variant);
    }

    /// Compiles a launch's kernel from a text.
    ///
    /// # Errors
    /// It does not compile, or is a reader's and [`vet`] turns it down.
    pub(super) fn compile(
        &mut self,
        device: &Device,
        launch: &Launch,
        loaded: &Loaded,
        info: &Info,
    ) -> Result<Arc<Pipeline>> {
        let kernel = launch.kernel;
        let outcome = match loaded.own {
            true => self.vetted(device, launch, loaded, info),
            false => self.build(device, launch, loaded, true),
        };
        outcome.map(Arc::new).map_err(|error| {
            let includes = kernel.wgsl.map_or(&[][..], |text| text.includes);
            let log = message::for_reader(&error, loaded, includes);
            Error::Compile { path: loaded.path.clone(), device: info.label(), log }
        })
    }

    /// A reader's text: counted, tried out elsewhere, measured, and only then compiled here.
    fn vetted(
        &mut self,
        device: &Device,
        launch: &Launch,
        loaded: &Loaded,
        info: &Info,
    ) -> Result<Pipeline, String> {
        let kernel = launch.kernel;
        vet::wgsl(&loaded.text).map_err(|fault| {
            let includes = kernel.wgsl.map_or(&[][..], |text| text.includes);
            message::fault(&fault, loaded, includes)
        })?;
        // A page has neither processes nor stacks of a chosen size, and compiles elsewhere anyway.
        #[cfg(target_family = "wasm")]
        {
            let _ = info;
            self.build(device, launch, loaded, false)
        }
        #[cfg(not(target_family = "wasm"))]
        {
            vet::outlives(&vet::Asked {
                machine: info.machine,
                index: info.index,
                kernel,
                loaded,
                constants: &launch.constants,
                bindings: launch.bindings.iter().map(|b| b.bytes).collect(),
                params: launch.params.len(),
                arch: "",
            })?;
            vet::deep(|| {
                let set = set(&loaded.text, &launch.constants);
                let looked = vet::look(loaded, kernel.entry, &set, &info.caps)?;
                self.build(device, launch, loaded, looked.ends)
            })?
        }
    }

    fn build(
        &mut self,
        device: &Device,
        launch: &Launch,
        loaded: &Loaded,
        ends: bool,
    ) -> Result<Pipeline, String> {
        let kernel: &'static Kernel = launch.kernel;
        let params = !launch.params.is_empty();
        let key = (kernel.accesses().collect::<Vec<_>>(), params);
        let layouts = self.layouts.len() as u64;
        let layout = match self.layouts.get(&key) {
            Some(layout) => layout.clone(),
            None => {
                let new = || Layout::new(device, &key.0, params, layouts);
                let layout = scoped(device, new)?;
                self.layouts.insert(key, layout.clone());
                layout
            }
        };
        let modules = &mut self.modules[usize::from(ends)];
        let module = match modules.get(loaded.text.as_str()) {
            Some(module) => module.clone(),
            None => {
                let descriptor = ::wgpu::ShaderModuleDescriptor {
                    label: Some(&loaded.path),
                    source: ::wgpu::ShaderSource::Wgsl(loaded.text.as_str().into()),
                };
                let checks = ::wgpu::ShaderRuntimeChecks {
                    force_loop_bounding: !ends,
                    ..::wgpu::ShaderRuntimeChecks::checked()
                };
                // SAFETY: every index stays checked. What is left out, where all loops end, is a
                // counter in each, which keeps drivers from unrolling them. It guards against
                // optimisers that take an endless loop for unreachable. Loops of ours all end; those
                // of a reader keep the counter if one of them is not seen to (`vet::look`).
                let module = scoped(device, || unsafe {
                    device.create_shader_module_trusted(descriptor, checks)
                })?;
                modules.insert(loaded.text.as_str().into(), module.clone());
                module
            }
        };
        let set = set(&loaded.text, &launch.constants);
        let compute = scoped(device, || {
            device.create_compute_pipeline(&::wgpu::ComputePipelineDescriptor {
                label: Some(&loaded.path),
                layout: Some(&layout.pipeline),
                module: &module,
                entry_point: Some(kernel.entry),
                compilation_options: ::wgpu::PipelineCompilationOptions {
                    constants: &set,
                    ..Default::default()
                },
                cache: None,
            })
        })?;
        Ok(Pipeline { compute, layout })
    }
}

fn scoped<T>(device: &Device, make: impl FnOnce() -> T) -> Result<T, String> {
    faults::catch(device, make).map_err(|error| faults::reason(&error))
}

/// The constants of a launch that a text declares.
fn set(text: &str, constants: &[(&'static str, u32)]) -> Vec<(&'static str, f64)> {
    let declared = overrides(text);
    let set = constants.iter().filter(|(name, _)| declared.contains(name));
    set.map(|&(name, value)| (name, f64::from(value))).collect()
}

/// The names that a text declares as `override NAME`. Setting any other name would be an error, and
/// a launch may name constants that only its CUDA twin has.
fn overrides(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or_default();
        let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let mut words = words.filter(|word| !word.is_empty());
        while words.any(|word| word == "override") {
            names.extend(words.next());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::overrides;

    #[test]
    fn overrides_are_found_and_nothing_else() {
        let text = "override WG: u32 = 256u;\n  override K=4; override L : f32;\n\
                    // override NO: u32;\nconst M = 1; // tune: override\nlet overrides = 1;";
        assert_eq!(overrides(text), ["WG", "K", "L"]);
    }
}
