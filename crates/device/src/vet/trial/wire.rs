//! A kernel on its way to the child: lists of texts, each with its length in front.
use super::Asked;
use crate::{Access, Machine};
use std::io::{self, Read, Write};

/// What is to be compiled, without the parts that only this process knows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) machine: Machine,
    pub(super) index: usize,
    pub(super) kernel: String,
    pub(super) entry: String,
    pub(super) file: String,
    pub(super) text: String,
    pub(super) arch: String,
    pub(super) prefix_lines: usize,
    pub(super) params: usize,
    pub(super) bindings: Vec<(Access, usize)>,
    pub(super) constants: Vec<(String, u32)>,
    pub(super) tuned: Vec<String>,
    pub(super) includes: Vec<(String, String)>,
}

/// Bytes of one text; the parent sends less, so more is no request.
const MOST: u64 = 64 << 20;

impl Request {
    pub(super) fn of(asked: &Asked<'_>) -> Request {
        let (kernel, loaded) = (asked.kernel, asked.loaded);
        let includes = match asked.machine {
            Machine::Cuda => kernel.cuda.map_or(&[][..], |text| text.includes),
            // They stand in the text already.
            _ => &[],
        };
        let own = |(a, b): &(&str, &str)| (a.to_string(), b.to_string());
        Request {
            machine: asked.machine,
            index: asked.index,
            kernel: kernel.path.into(),
            entry: kernel.entry.into(),
            file: loaded.path.clone(),
            text: loaded.text.clone(),
            arch: asked.arch.into(),
            prefix_lines: loaded.prefix_lines,
            params: asked.params,
            bindings: kernel.accesses().zip(asked.bindings.iter().copied()).collect(),
            constants: asked.constants.iter().map(|&(n, v)| (n.to_string(), v)).collect(),
            tuned: loaded.tuned.iter().map(|name| name.to_string()).collect(),
            includes: includes.iter().map(own).collect(),
        }
    }

    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.machine.name());
        for n in [self.index, self.prefix_lines, self.params] {
            put_number(&mut bytes, n as u64);
        }
        for text in [&self.kernel, &self.entry, &self.file, &self.text, &self.arch] {
            put(&mut bytes, text);
        }
        put_number(&mut bytes, self.bindings.len() as u64);
        for (access, size) in &self.bindings {
            put_number(&mut bytes, u64::from(*access == Access::Write));
            put_number(&mut bytes, *size as u64);
        }
        put_number(&mut bytes, self.constants.len() as u64);
        for (name, value) in &self.constants {
            put(&mut bytes, name);
            put_number(&mut bytes, u64::from(*value));
        }
        put_number(&mut bytes, self.tuned.len() as u64);
        self.tuned.iter().for_each(|name| put(&mut bytes, name));
        put_number(&mut bytes, self.includes.len() as u64);
        for (name, text) in &self.includes {
            put(&mut bytes, name);
            put(&mut bytes, text);
        }
        to.write_all(&bytes)?;
        to.flush()
    }

    /// The next request, or an error where there is none.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Request> {
        let machine = match take(from)?.as_str() {
            "cuda" => Machine::Cuda,
            "wgpu" => Machine::Wgpu,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let (index, prefix_lines, params) = (take_size(from)?, take_size(from)?, take_size(from)?);
        let [kernel, entry, file] = [take(from)?, take(from)?, take(from)?];
        let [text, arch] = [take(from)?, take(from)?];
        let bindings = list(from, |from| {
            let access = if take_number(from)? == 1 { Access::Write } else { Access::Read };
            Ok((access, take_size(from)?))
        })?;
        let constants = list(from, |from| {
            let name = take(from)?;
            Ok((name, u32::try_from(take_number(from)?).unwrap_or(u32::MAX)))
        })?;
        let tuned = list(from, take)?;
        let includes = list(from, |from| Ok((take(from)?, take(from)?)))?;
        Ok(Request {
            machine,
            index,
            kernel,
            entry,
            file,
            text,
            arch,
            prefix_lines,
            params,
            bindings,
            constants,
            tuned,
            includes,
        })
    }
}

fn put(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn put_number(bytes: &mut Vec<u8>, n: u64) {
    bytes.extend_from_slice(&n.to_le_bytes());
}

fn take_number(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn take_size(from: &mut impl Read) -> io::Result<usize> {
    usize::try_from(take_number(from)?).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn take(from: &mut impl Read) -> io::Result<String> {
    let n = take_number(from)?;
    if n > MOST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    from.take(n).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == n {
        true => String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn list<R: Read, T>(
    from: &mut R,
    mut one: impl FnMut(&mut R) -> io::Result<T>,
) -> io::Result<Vec<T>> {
    let n = take_number(from)?;
    let mut list = Vec::new();
    for _ in 0..n {
        list.push(one(from)?);
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let request = Request {
            machine: Machine::Wgpu,
            index: 3,
            kernel: "gelu/1_naive".into(),
            entry: "gelu".into(),
            file: "mine/gelu/1_naive.wgsl".into(),
            text: "fn f() {}\n// ü\n".into(),
            arch: String::new(),
            prefix_lines: 7,
            params: 2,
            bindings: vec![(Access::Read, 256), (Access::Write, 1 << 40)],
            constants: vec![("WG".into(), 64), ("X".into(), u32::MAX)],
            tuned: vec!["TM".into()],
            includes: vec![("a.cuh".into(), "int x;".into())],
        };
        let mut bytes = Vec::new();
        request.write(&mut bytes).unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(Request::read(&mut from).unwrap(), request);
        assert!(from.is_empty());
        for n in 0..bytes.len() {
            assert!(Request::read(&mut &bytes[..n]).is_err(), "cut at {n}");
        }
    }
}
