//! From a function here to one of JavaScript's.
//!
//! Each file lists what it exports, as [`functions!`](crate::functions) or as the methods of a class:
//!
//! ```text
//! exports! { ($) maths
//!     now {
//!         add, sub: (a: Handle, b: Handle) -> Handle;
//!         choose as "where": (condition: Handle, a: Handle, b: Handle) -> Handle;
//!     }
//!     later { read: (a: Handle) -> ArrayBuffer; }
//! }
//! ```
//!
//! What stands under `now` returns a `Result<T>`, what stands under `later` a `Result<Job<T>>`. A
//! carrier calls `strata_bindings::functions!(carry)` and `strata_bindings::classes!(carry_class)`
//! with macros of its own, which get these lists and wrap each function in what its runtime needs.
//! The names of types are looked up where the carrier calls them: it says there what they are.
//!
//! | name | here | in JavaScript |
//! |---|---|---|
//! | `Handle`, `Handles` | `u32`, `Vec<u32>` | `number`, `number[]` |
//! | `Numbers`, `Flags`, `Texts` | `Vec<f64>`, `Vec<bool>`, `Vec<String>` | `number[]`, `boolean[]`, `string[]` |
//! | `MaybeText` | `Option<String>` | `string \| null` |
//! | `LentBytes`, `LentIds`, `LentFloats` | [`Elements`](crate::Elements) of `u8`, `u32`, `f32` | typed arrays, only looked at |
//! | `ArrayBuffer`, `Uint8Array`, `Uint32Array`, `Float32Array` | `Vec`s | what they say |
//! | `Listener` | [`Listen`](crate::Listen) | a function that hears JSON |
//! | `Unit` | `()` | nothing |
//!
//! The rest are Rust's own, and the classes. What a list cannot say, a carrier writes by hand: hooks,
//! `noGrad`, views of memory, optional classes, and what runs on a thread of its own.

use crate::Result;
use crate::engine::device::MaybeSend;
use std::borrow::Cow;

/// Names a list of functions, or of a class and its methods, for carriers. `$d` is a dollar sign:
/// what is made is a macro, and this one cannot write its variables.
macro_rules! exports {
    (($d:tt) $list:ident $($body:tt)*) => {
        #[doc = concat!("Gives a carrier's macro the list of `", stringify!($list), "`.")]
        #[macro_export]
        macro_rules! $list {
            ($d carry:ident) => {
                $d carry! { $($body)* }
            };
        }
    };
}

/// Gives a carrier's macro the functions of every file, list by list.
#[macro_export]
macro_rules! functions {
    ($carry:ident) => {
        $crate::autograd_functions!($carry);
        $crate::checkpoint_functions!($carry);
        $crate::choose_functions!($carry);
        $crate::create_functions!($carry);
        $crate::describe_functions!($carry);
        $crate::device_functions!($carry);
        $crate::layers_functions!($carry);
        $crate::maths_functions!($carry);
        $crate::memory_functions!($carry);
        $crate::model_functions!($carry);
        $crate::optim_functions!($carry);
        $crate::shapes_functions!($carry);
        $crate::table_functions!($carry);
        $crate::text_functions!($carry);
    };
}

/// Gives a carrier's macro every class with its methods.
#[macro_export]
macro_rules! classes {
    ($carry:ident) => {
        $crate::checkpoint_class!($carry);
        $crate::dataset_class!($carry);
        $crate::device_class!($carry);
        $crate::gpt_class!($carry);
        $crate::graph_class!($carry);
        $crate::optimizer_class!($carry);
        $crate::run_class!($carry);
        $crate::tensor_file_class!($carry);
        $crate::tokenizer_class!($carry);
        $crate::trainer_class!($carry);
        $crate::writer_class!($carry);
    };
}

/// Elements that JavaScript lends for the length of a call: a typed array of its own.
pub trait Elements<T: Copy> {
    /// The elements, copied only where they must be.
    fn get(&self) -> Result<Cow<'_, [T]>>;
}

impl<T: Copy> Elements<T> for Vec<T> {
    fn get(&self) -> Result<Cow<'_, [T]>> {
        Ok(Cow::Borrowed(self))
    }
}

/// A function of JavaScript's that hears lines of JSON, perhaps from another thread.
pub trait Listen: MaybeSend + 'static {
    /// Has it called, sooner or later; false where nobody listens any more.
    fn tell(&self, event: &serde_json::Value) -> bool;
}

impl<F: Fn(&serde_json::Value) -> bool + MaybeSend + 'static> Listen for F {
    fn tell(&self, event: &serde_json::Value) -> bool {
        self(event)
    }
}
