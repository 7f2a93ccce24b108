//! Sizes that the system itself holds a process to.

use crate::Language;
use crate::grade::Job;
use crate::isolate::{Bounds, Limits};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Bytes of the largest file, and files open; no core dumps; and memory where the answer is Rust.
pub(super) fn enter(job: &Job, bounds: &Bounds, limits: &mut Limits) {
    let set = |resource, most: u64| {
        let old = getrlimit(resource);
        let most = old.maximum.map_or(most, |old| old.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
    };
    let mut list = vec![
        (Resource::Core, 0, "core dumps"),
        (Resource::Fsize, bounds.file, "file size"),
        (Resource::Nofile, bounds.files, "open files"),
    ];
    // Drivers map far more than they use: what a kernel takes is watched from outside.
    if job.language == Language::Rust {
        list.push((Resource::Data, bounds.memory, "memory"));
    }
    for (resource, most, name) in list {
        if let Err(error) = set(resource, most) {
            limits.lacks(format!("{name} ({error})"));
        }
    }
}
