//! The press of the book: Markdown with directives in, a site out.
//!
//! A page (`book/src/*.md`) is prose; code, numbers, output and figures are pulled from the tree by
//! directives (`{{#kernel matmul/3_tiled}}`). What is unknown, stale, dead or typed by hand where it
//! should be pulled is a [`Problem`] with file and line, and there is no book.
//!
//! - [`page`]: directives and equations are replaced, each line where it was.
//! - [`directive`]: one file for each directive. [`source`]: code, taken from its file and coloured.
//!   [`results`], [`captures`], [`figures`], [`math`]: what else is pulled.
//! - [`lint`]: what prose must not do. [`site`]: mdBook, our theme, and what is checked of the pages
//!   it wrote. [`search`]: its index. [`serve`]: the site on this machine, built again at every save.
//! - [`children`]: programs that the press starts end with it, and it ends with its own starter.

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

pub mod api;
pub mod captures;
pub mod children;
pub mod directive;
mod fault;
pub mod figures;
mod front;
pub mod lint;
pub mod math;
mod outline;
pub mod page;
mod policy;
mod press;
pub mod results;
pub mod search;
pub mod serve;
pub mod site;
pub mod source;
mod summary;
mod tree;
mod whole;

pub use fault::{Error, Fault, Problem};
pub use front::Front;
pub use press::{Checked, Extras, Press, Printed};
pub use tree::Tree;
