//! What the bindings list, as Node-API has it: each function wrapped in `guard` or in `promise`. What
//! the names in those lists mean here is said first.
use crate::callbacks::Listener;
use crate::elements::Lent;
use crate::guard::guard;
use crate::promise::{Promised, promise};
use napi::bindgen_prelude::{AsyncTask, Float32Array, ToNapiValue, Uint8Array, Uint32Array};
use napi::{Env, ValueType, sys};
use napi_derive::napi;
use std::ops::Deref;

type Handle = u32;
type Handles = Vec<u32>;
type Numbers = Vec<f64>;
type Flags = Vec<bool>;
type Texts = Vec<String>;
type MaybeText = Option<String>;
type Unit = ();
type LentBytes = Lent<u8>;
type LentIds = Lent<u32>;
type LentFloats = Lent<f32>;

/// Bytes that become an `ArrayBuffer`.
pub struct ArrayBuffer(Vec<u8>);

impl From<Vec<u8>> for ArrayBuffer {
    fn from(bytes: Vec<u8>) -> Self {
        ArrayBuffer(bytes)
    }
}

impl napi::bindgen_prelude::TypeName for ArrayBuffer {
    fn type_name() -> &'static str {
        "ArrayBuffer"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for ArrayBuffer {
    unsafe fn to_napi_value(env: sys::napi_env, bytes: Self) -> napi::Result<sys::napi_value> {
        let buffer = napi::bindgen_prelude::ArrayBuffer::from_data(&Env::from_raw(env), bytes.0)?;
        // SAFETY: `env` is the one this function was called with.
        unsafe { ToNapiValue::to_napi_value(env, buffer) }
    }
}

/// One batch.
#[napi(object)]
pub struct NativeBatch {
    /// What the model reads.
    pub inputs: Uint32Array,
    /// What it should say next.
    pub targets: Uint32Array,
    /// Rows.
    pub batch: f64,
    /// Tokens in a row.
    pub context: f64,
    /// Targets that count.
    pub scored: f64,
    /// Bytes of text behind them.
    pub bytes: f64,
    /// Nats a token that no model can beat, or NaN.
    pub floor: f64,
}

type Batch = NativeBatch;

impl From<strata_bindings::Batch> for NativeBatch {
    fn from(batch: strata_bindings::Batch) -> Self {
        NativeBatch {
            floor: batch.floor().unwrap_or(f64::NAN),
            batch: batch.batch as f64,
            context: batch.context as f64,
            scored: batch.scored as f64,
            bytes: batch.bytes as f64,
            inputs: batch.inputs.into(),
            targets: batch.targets.into(),
        }
    }
}

/// A list of functions, or a class with its methods.
macro_rules! carry {
    (
        $(now { $($($now:ident $(as $js:tt)?),+: $args:tt -> $out:ident;)* })?
        $(later { $($later:ident: $later_args:tt -> $later_out:ident;)* })?
    ) => {
        $($($(function! { guard [$($js)?] $now $args -> napi::Result<$out> })+)*)?
        $($(function! { promise [] $later $later_args -> napi::Result<AsyncTask<Promised<$later_out>>> })*)?
    };
    (
        class $name:ident as $native:ident
        $(now {
            $($now:ident: ($($arg:ident : $(&$class:ident)? $($kind:ident)?),*) -> $out:ident;)*
        })?
        $(later {
            $($later:ident: ($($later_arg:ident : $(&$later_class:ident)? $($later_kind:ident)?),*)
                -> $later_out:ident;)*
        })?
    ) => {
        /// The bindings' class of this name.
        #[napi]
        pub struct $native(pub(crate) strata_bindings::$name);

        type $name = $native;

        impl From<strata_bindings::$name> for $native {
            fn from(inner: strata_bindings::$name) -> Self {
                $native(inner)
            }
        }

        impl Deref for $native {
            type Target = strata_bindings::$name;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        #[napi]
        impl $native {
            $($(
                /// The bindings' method.
                #[napi]
                pub fn $now(&self, $($arg: $(&$class)? $($kind)?),*) -> napi::Result<$out> {
                    guard(|| self.0.$now($($arg),*))
                }
            )*)?
            $($(
                /// The bindings' method.
                #[napi]
                pub fn $later(
                    &self,
                    $($later_arg: $(&$later_class)? $($later_kind)?),*
                ) -> napi::Result<AsyncTask<Promised<$later_out>>> {
                    promise(|| self.0.$later($($later_arg),*))
                }
            )*)?
        }
    };
}

/// One function.
macro_rules! function {
    (
        $wrap:ident [$($js:tt)?]
        $name:ident ($($arg:ident : $(&$class:ident)? $($kind:ident)?),*) -> $($out:tt)+
    ) => {
        /// The bindings' function.
        #[napi $((js_name = $js))?]
        pub fn $name($($arg: $(&$class)? $($kind)?),*) -> $($out)+ {
            $wrap(|| strata_bindings::$name($($arg),*))
        }
    };
}

strata_bindings::classes!(carry);
strata_bindings::functions!(carry);
