//! Elements that JavaScript lends for the length of a call: the memory of a typed array.
//!
//! It may be Rust's own memory, a view that `storage` made: a tensor's view
//! can be written into that very tensor, or be read while a run's thread writes it. So nothing here is a slice before it is known
//! whose memory it is, and Rust's own is copied through its device, whose lock keeps writers away.
use crate::views;
use bytemuck::Pod;
use napi::bindgen_prelude::FromNapiValue;
use napi::{Status, sys};
use std::borrow::Cow;
use strata_bindings::{Elements, Error, Result};

/// A kind of element, and the runtime's number for typed arrays of it.
pub trait Element: Pod {
    /// Of `napi_typedarray_type`.
    const ARRAY: sys::napi_typedarray_type;
}

impl Element for u8 {
    const ARRAY: sys::napi_typedarray_type = sys::TypedarrayType::uint8_array;
}

impl Element for u32 {
    const ARRAY: sys::napi_typedarray_type = sys::TypedarrayType::uint32_array;
}

impl Element for f32 {
    const ARRAY: sys::napi_typedarray_type = sys::TypedarrayType::float32_array;
}

/// A typed array of JavaScript's that nobody has looked into yet.
///
/// It must be a function's last argument: to convert a list runs code of JavaScript's, which could
/// take the memory away. It is of no use after the call, and cannot leave its thread.
pub struct Lent<T> {
    pointer: *const T,
    length: usize,
}

impl<T: Element> Elements<T> for Lent<T> {
    /// For the length of the call: nothing of JavaScript's runs meanwhile, so its own memory neither
    /// goes nor changes.
    fn get(&self) -> Result<Cow<'_, [T]>> {
        if self.length == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        let bytes = self.length * size_of::<T>();
        if let Some(copy) = views::copy(self.pointer.addr(), bytes)? {
            return Ok(Cow::Owned(bytemuck::pod_collect_to_vec(&copy)));
        }
        // SAFETY: the runtime gave pointer and length of a typed array of this very type, which are
        // aligned and inside its buffer; it is an argument of the call in progress, and stays. The
        // package gives no memory that workers share, and this is none of Rust's own.
        Ok(Cow::Borrowed(unsafe { std::slice::from_raw_parts(self.pointer, self.length) }))
    }
}

impl<T: Element> FromNapiValue for Lent<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let (mut kind, mut length, mut offset) = (0, 0, 0);
        let (mut data, mut buffer) = (std::ptr::null_mut(), std::ptr::null_mut());
        let mut is_array = false;
        // SAFETY: `env` and `value` are those of the call in progress, the rest are places of ours.
        let status = unsafe { sys::napi_is_typedarray(env, value, &mut is_array) };
        let wrong = || {
            let error = Error::argument("addon", "a typed array of another kind was expected");
            napi::Error::new(Status::InvalidArg, error.message)
        };
        if status != sys::Status::napi_ok || !is_array {
            return Err(wrong());
        }
        // SAFETY: as above, and the value is a typed array.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                env,
                value,
                &mut kind,
                &mut length,
                &mut data,
                &mut buffer,
                &mut offset,
            )
        };
        if status != sys::Status::napi_ok || kind != T::ARRAY || (data.is_null() && length > 0) {
            return Err(wrong());
        }
        Ok(Lent { pointer: data.cast_const().cast(), length })
    }
}
