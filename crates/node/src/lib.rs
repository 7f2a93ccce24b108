//! The addon behind the npm package `strata-ml`: `strata-bindings` as Node-API carries it. What it
//! exports is the interface of `ts/packages/strata/src/native.ts`, function by function; that file
//! says what each means, and `crates/bindings` what it does.
//!
//! `carry.rs` wraps what the bindings list. By hand stands what is Node's own: promises whose work is
//! done off JavaScript's thread (`promise.rs`), errors of the package's own class (`guard.rs`), typed
//! arrays and views of memory (`elements.rs`, `views.rs`), functions of JavaScript that Rust calls
//! (`callbacks.rs`), threads (`threads.rs`).

// What can end the process or change a number without a word is gone, or says why it cannot.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

mod callbacks;
mod carry;
mod elements;
mod guard;
mod promise;
mod threads;
mod views;
