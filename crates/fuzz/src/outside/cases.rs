//! What a case of the command line may do. Inputs are random: nothing outside of the case's folder
//! may be written, and nothing built.

use crate::Pack;
use crate::pack::DEVICES;

/// A command line that may be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its environment.
    pub variables: Vec<(String, String)>,
    /// Its words, the verb first.
    pub words: Vec<String>,
    /// The verb.
    pub verb: String,
    /// Whether it may go on for as long as it likes, and must only stop when it is asked to.
    pub may_run: bool,
    /// Whether its output is text that a model wrote: piped, it is what it is.
    pub writes_text: bool,
}

/// Words that only read what they name.
const READS: [&str; 3] = ["--data", "--prompt", "--device"];

/// Variables that may be set.
const VARIABLES: [&str; 8] = [
    "STRATA_DEVICE",
    "STRATA_PRECISION",
    "STRATA_NVRTC",
    "RAYON_NUM_THREADS",
    "STRATA_TIME_LIMIT",
    "STRATA_MEMORY_LIMIT",
    "NO_COLOR",
    "COLUMNS",
];

impl Case {
    /// The case of a pack; none if it may not be run.
    pub fn of(pack: &Pack) -> Option<Case> {
        let text = pack.text("argv");
        // No system takes a zero byte in a word, nor words without end.
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains('\0')).take(64).collect();
        let sets =
            |line: &&&str| line.split_once('=').is_some_and(|(name, _)| VARIABLES.contains(&name));
        let variables: Vec<_> =
            lines.iter().take_while(sets).filter_map(|line| line.split_once('=')).collect();
        let words: Vec<String> =
            lines[variables.len()..].iter().map(|w| w.chars().take(20_000).collect()).collect();
        let verb = words.first()?.clone();
        for (i, word) in words.iter().enumerate() {
            let before = i.checked_sub(1).map_or("", |i| words[i].as_str());
            if !stays_inside(before, word) {
                return None;
            }
        }
        // These print pages, build, or wait for ever by their nature: only their flags are tried.
        let only_help = ["book", "test", "bundle", "fuzz", "soak", "watch", "bench", "parity"]
            .contains(&verb.as_str());
        if only_help && !words.iter().any(|word| word == "--help") {
            return None;
        }
        let long = ["train", "generate", "eval", "demo", "check", "diff", "doctor"];
        let may_run = long.contains(&verb.as_str());
        let writes_text = ["generate", "train"].contains(&verb.as_str());
        let own = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
        let variables = variables.into_iter().map(own).collect();
        Some(Case { variables, words, verb, may_run, writes_text })
    }

    /// Memory that the program takes before any input: a software adapter compiles with LLVM, and a
    /// judge holds what it judges to limits of its own.
    pub fn room(&self) -> u64 {
        let gpu = |text: &str| text.contains("wgpu");
        let gpu = self.words.iter().any(|w| gpu(w)) || self.variables.iter().any(|(_, v)| gpu(v));
        match self.verb.as_str() {
            "check" | "diff" => 8 << 30,
            "doctor" => 3 << 29,
            _ if gpu || self.words.iter().any(|word| word == "--mine") => 3 << 29,
            _ => 1 << 28,
        }
    }

    /// Seconds of work that it may do before it is asked to stop.
    pub fn grace(&self) -> u64 {
        if self.may_run { 60 } else { 0 }
    }
}

/// Whether a word names nothing outside of the folder, or only reads it.
fn stays_inside(before: &str, word: &str) -> bool {
    let value = word.split_once('=').map_or(word, |(_, value)| value);
    let leads_out = |text: &str| {
        text.starts_with(['/', '~']) || text.split(['/', '\\']).any(|part| part == "..")
    };
    if !leads_out(word) && !leads_out(value) {
        return true;
    }
    // Text for a model is no path.
    before == "--prompt" || READS.contains(&before) && DEVICES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(argv: &str) -> Option<Case> {
        Case::of(&Pack::default().with("argv", argv))
    }

    #[test]
    fn nothing_outside_is_written_and_nothing_built() {
        for bad in [
            "train\n--out\n/x",
            "train\n--out=/x",
            "train\n--out\na/../../x",
            "train\n--json\n/dev/null",
            "exercises\ninit\n/tmp/x",
            "train\n--resume\n..",
            "test",
            "book\nserve",
            "bundle\n--out\nx",
            "train\n--data\n/etc",
            "",
            "train\n--out\n~/x",
            "train\n--out\n--data\n/x",
        ] {
            assert_eq!(case(bad), None, "{bad:?}");
        }
        for good in
            ["train\n--data\n/dev/zero\n--out\nx", "generate\n--prompt\n/../..", "test\n--help"]
        {
            assert!(case(good).is_some(), "{good:?}");
        }
        let set = case("RAYON_NUM_THREADS=9\nlist\n--json").unwrap();
        assert_eq!(set.variables, [("RAYON_NUM_THREADS".to_string(), "9".to_string())]);
        assert_eq!(set.words, ["list", "--json"]);
        assert_eq!(case("LD_PRELOAD=x\nlist").unwrap().verb, "LD_PRELOAD=x");
    }
}
