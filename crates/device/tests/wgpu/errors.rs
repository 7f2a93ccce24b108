//! Faults come back as errors that name what to mend, and the device goes on.
use crate::{ADD, ADDED, INCLUDES, SCALE, device, download, open, scale, upload};
use pollster::block_on;
use std::fs;
use std::sync::Arc;
use strata_device::wgpu::Wgpu;
use strata_device::{Backend, Device, Error, Kernel, Launch, Overlay, Settings, Signature, kernel};

#[test]
fn a_compile_error_names_file_and_line() {
    let Some(device) = device() else { return };
    const BROKEN: &str = "// include: scaled\n@compute @workgroup_size(1)\nfn broken() {\n    let x: u32 = 1.5;\n}\n";
    static KERNEL: Kernel =
        Kernel::new("test/3_broken", "broken", &Signature::NONE).wgsl(BROKEN, INCLUDES);
    let error = device.launch(&Launch::new(&KERNEL)).unwrap_err();
    let Error::Compile { path, log, .. } = &error else { panic!("{error}") };
    assert_eq!(path, "shaders/test/3_broken.wgsl");
    assert!(log.contains("shaders/test/3_broken.wgsl:4:"), "{log}");
    assert!(log.contains("4 │     let x: u32 = 1.5;"), "{log}");

    static PARSE: Kernel = Kernel::new("test/4_parse", "main", &Signature::NONE)
        .wgsl("fn main() {\n    let = 3;\n}\n", &[]);
    let error = device.prepare(&Launch::new(&PARSE)).unwrap_err().to_string();
    assert!(error.contains("shaders/test/4_parse.wgsl:2:9"), "{error}");

    static ENTRY: Kernel = Kernel::new("test/2_add", "nope", ADDED.signature).wgsl(ADD, &[]);
    let error = device.prepare(&Launch::new(&ENTRY).bind_two(&device)).unwrap_err();
    assert!(
        matches!(error, Error::Compile { .. }) && error.to_string().contains("nope"),
        "{error}"
    );
    // The device is as good as before.
    let a = upload(&device, &[1.0; 4]);
    assert_eq!(download(&a), [1.0; 4]);
}

trait BindTwo {
    fn bind_two(self, device: &Device) -> Self;
}

impl BindTwo for Launch {
    fn bind_two(self, device: &Device) -> Self {
        self.bind(&device.alloc(4).unwrap().whole()).bind(&device.alloc(4).unwrap().whole())
    }
}

#[test]
fn an_overlaid_kernel_runs_and_its_errors_are_the_readers() {
    let folder = std::env::temp_dir().join(format!("strata-wgpu-{}", std::process::id()));
    fs::create_dir_all(folder.join("test")).unwrap();
    let file = folder.join("test/1_scale.wgsl");
    fs::write(&file, SCALE.replace("let x", "x").replace("+ f32(", "+ nonsense(")).unwrap();
    let overlay = Some(Arc::new(Overlay::open(&folder).unwrap()));
    let Some(device) = open(Settings { overlay, ..Settings::default() }) else { return };
    let (a, out) = (upload(&device, &[1.0; 4]), upload(&device, &[0.0; 4]));
    let error = device.launch(&scale(&a, &out, 4, 2.0)).unwrap_err();
    let line = 1 + SCALE.lines().position(|l| l.contains("+ f32(")).unwrap();
    let place = format!("{}:{line}:", file.display());
    assert!(error.to_string().contains(&place), "{error}\nshould name {place}");
    // Mended, it runs: what failed is not remembered.
    // Params that the launch would fill in with something else.
    fs::write(&file, SCALE.replace("n: u32, scale: f32", "scale: f32, n: u32")).unwrap();
    let error = device.launch(&scale(&a, &out, 4, 2.0)).unwrap_err().to_string();
    let says = "its Params has `scale: f32` at word 0, where the launch passes `n: u32`";
    assert!(error.contains(says) && error.contains("1_scale.wgsl"), "{error}");
    let error = device.launch(&scale(&a, &out, 4, 2.0)).unwrap_err().to_string();
    assert!(error.contains(says), "the second time too: {error}");
    fs::write(&file, SCALE.replace("scaled(a[i], p.scale)", "7.0")).unwrap();
    device.launch(&scale(&a, &out, 4, 2.0)).unwrap();
    assert_eq!(download(&out), [7.0; 4]);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_cannot_be_had_is_an_error() {
    let Some(device) = device() else { return };
    let caps = device.info().caps.clone();
    assert!(matches!(device.alloc(caps.max_buffer + 1), Err(Error::TooLarge { .. })));
    let backend = block_on(Wgpu::open(None, None)).unwrap();
    assert!(matches!(backend.allocate(caps.max_buffer + 256), Err(Error::TooLarge { .. })));
    let a = upload(&device, &[1.0; 4]);
    assert!(matches!(a.read_blocking(8, 12), Err(Error::Range { .. })));
    assert!(matches!(a.write(4, &[0; 16]), Err(Error::Range { .. })));
    // A buffer of another device, and params that no slot holds.
    let stranger = open(Settings::default()).unwrap();
    let error = stranger.launch(&scale(&a, &a.device().alloc(16).unwrap(), 4, 1.0)).unwrap_err();
    assert!(error.to_string().contains("another device"), "{error}");
    let mut launch = scale(&a, &device.alloc(16).unwrap(), 4, 1.0);
    launch.params.resize(65, 0);
    assert!(matches!(device.launch(&launch), Err(Error::Launch { .. })));
    let many = Device::open("wgpu:99", Settings::default()).unwrap_err();
    assert!(many.to_string().contains("wgpu:0"), "{many}");
}

#[test]
fn a_window_too_small_for_the_kernel_is_an_error_of_the_next_call() {
    let Some(device) = device() else { return };
    const WIDE: &str = "@group(0) @binding(0) var<storage, read_write> a: array<vec4<f32>>;\n\
        @compute @workgroup_size(1)\nfn wide() { a[0] = vec4(1.0); }\n";
    kernel! {
        mod widen {
            bindings { a: write f32 }
            params {}
        }
        static KERNEL = "test/5_wide"(wide) { wgsl: WIDE, includes: &[] }
    }
    let a = upload(&device, &[0.0; 64]);
    device.launch(&Launch::new(&KERNEL).bind(&a.slice(0, 4))).unwrap();
    let error = device.synchronize().unwrap_err();
    assert!(matches!(error, Error::Driver { .. }), "{error}");
    // Told once; the device goes on.
    device.synchronize().unwrap();
    device.launch(&Launch::new(&KERNEL).bind(&a.whole())).unwrap();
    assert_eq!(download(&a)[..5], [1.0, 1.0, 1.0, 1.0, 0.0]);
}

#[test]
fn what_another_device_made_is_refused_by_the_backend_too() {
    if device().is_none() {
        return;
    }
    let open = || block_on(Wgpu::open(None, None)).unwrap();
    let (ours, theirs) = (open(), open());
    let memory = theirs.allocate(256).unwrap();
    let says = |outcome: Result<(), Error>, words: &str| {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    says(ours.write(&memory, 0, &[0; 4]), "another device");
    says(block_on(ours.read(&memory, 0, 4)).map(drop), "another device");
    theirs.begin_recording().unwrap();
    let recording = theirs.end_recording().unwrap();
    says(ours.replay(&recording), "another device");
    theirs.replay(&recording).unwrap();
    for (offset, bytes) in [(256, 4), (0, 260), (usize::MAX - 3, 4)] {
        says(theirs.write(&memory, offset, &vec![0; bytes]), "outside a buffer");
        says(block_on(theirs.read(&memory, offset, bytes)).map(drop), "outside a buffer");
    }
}
