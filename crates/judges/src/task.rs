use crate::{Outcome, Problem, Trial, Wait};
use crate::{ex01, ex02, ex03, ex04, ex05, ex06, ex07, ex08, ex09, ex10};
use strata_ml::device::Device;

/// How a kernel task is judged; its texts are in the catalog.
#[derive(Clone, Copy)]
pub struct KernelTask {
    /// The task's name in its exercise.
    pub name: &'static str,
    /// Runs the kernel and compares, from simple to ragged.
    pub judge: for<'a> fn(&'a mut Trial) -> Wait<'a>,
    /// A large problem to time; `None` takes the benchmark of the op that the task's contract names.
    pub speed: Option<fn(&Device) -> Outcome<Problem>>,
}

/// The kernel tasks of an exercise: modules with a `judge`, and where it says so a `speed`.
macro_rules! kernels {
    (@speed) => { None };
    (@speed $task:ident $speed:ident) => { Some($task::$speed) };
    ($($task:ident $(+ $speed:ident)?),*) => {
        &[$($crate::KernelTask {
            name: stringify!($task),
            judge: |trial| Box::pin($task::judge(trial)),
            speed: $crate::task::kernels!(@speed $($task $speed)?),
        }),*]
    };
}
pub(crate) use kernels;

/// A Rust task's judge, with the reader's functions in it.
#[derive(Clone, Copy)]
pub struct RustTask {
    /// The task's name in its exercise.
    pub name: &'static str,
    /// Calls the reader's functions and compares.
    pub judge: fn() -> Outcome,
    /// A call worth timing.
    pub speed: Option<fn()>,
}

/// A Rust task: its name, and its judge called with the reader's functions.
pub const fn rust_task(name: &'static str, judge: fn() -> Outcome) -> RustTask {
    RustTask { name, judge, speed: None }
}

impl RustTask {
    /// With a call worth timing: `strata diff` sets yours beside ours.
    pub const fn timed(mut self, call: fn()) -> Self {
        self.speed = Some(call);
        self
    }
}

/// Looks a kernel task up: `kernel_task("ex03-matmul", "tiled")`.
pub fn kernel_task(exercise: &str, name: &str) -> Option<&'static KernelTask> {
    let list = match exercise.get(2..4)? {
        "01" => ex01::KERNELS,
        "02" => ex02::KERNELS,
        "03" => ex03::KERNELS,
        "04" => ex04::KERNELS,
        "05" => ex05::KERNELS,
        "06" => ex06::KERNELS,
        "07" => ex07::KERNELS,
        "08" => ex08::KERNELS,
        "09" => ex09::KERNELS,
        "10" => ex10::KERNELS,
        _ => return None,
    };
    list.iter().find(|task| task.name == name)
}

/// A kernel of an exercise, declared as `strata_ml::device::kernel!` does it, with the exercise in
/// front. The texts are the solution's; a reader's file stands in front of them.
#[macro_export]
macro_rules! kernel {
    (
        $exercise:literal
        mod $signature:ident { $($takes:tt)* }
        static $name:ident = $path:literal($entry:ident)
    ) => {
        strata_ml::device::kernel! {
            mod $signature { $($takes)* }
            static $name = $path($entry) {
                cuda: $crate::catalog::solution(concat!($exercise, "/kernels/", $path, ".cu")),
                includes: strata_kernels::INCLUDES,
                wgsl: $crate::catalog::solution(concat!($exercise, "/shaders/", $path, ".wgsl")),
                includes: strata_shaders::INCLUDES
            }
        }
    };
}
