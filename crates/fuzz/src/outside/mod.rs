//! The `strata` command itself, in a process of its own for each input: flags, folders, kernels.
//!
//! An input is a [`Pack`](crate::Pack): `argv` has a word on each line (`NAME=value` before the verb
//! is the environment), the other files lie in the folder it is started in.

mod cases;
mod command;
mod flags;
mod folders;
mod kernels;
mod limited;

pub use limited::{LimitedArgs, limited};

use crate::{Kind, Target, mutate};

/// The targets that are processes.
pub fn all() -> Vec<Target> {
    [flags::targets(), folders::targets(), kernels::targets()].concat()
}

const OUTSIDE: Target = Target {
    name: "",
    about: "",
    kind: Kind::Outside,
    run: |_| {},
    seeds: Vec::new,
    mutate: mutate::bytes,
    lacks: command::lacks,
    share: 4,
};
