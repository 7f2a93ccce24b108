//! What a test program may be called with.

/// The arguments that cargo's readers and tools pass to a test program; what makes no difference
/// here is taken and ignored.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Options {
    filters: Vec<String>,
    skip: Vec<String>,
    exact: bool,
    pub list: bool,
}

impl Options {
    pub fn parse(args: impl Iterator<Item = String>) -> Self {
        let mut options = Options::default();
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--exact" => options.exact = true,
                "--list" => options.list = true,
                "--skip" => options.skip.extend(args.next()),
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => {
                    args.next();
                }
                flag if flag.starts_with('-') => {}
                name => options.filters.push(name.into()),
            }
        }
        options
    }

    pub fn takes(&self, name: &str) -> bool {
        let fits = |f: &String| if self.exact { name == f } else { name.contains(f.as_str()) };
        (self.filters.is_empty() || self.filters.iter().any(fits)) && !self.skip.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_cargo_test_are_understood() {
        let parse = |text: &str| Options::parse(text.split_whitespace().map(String::from));
        let options = parse("tiled --nocapture --test-threads 1 --format terse --exact");
        assert_eq!(options.filters, ["tiled"]);
        assert!(options.takes("tiled") && !options.takes("tiled_backward"));
        assert!(parse("til").takes("tiled") && parse("").takes("tiled"));
        assert!(!parse("--skip tiled").takes("tiled"));
        assert!(parse("--list --format terse").list);
    }
}
