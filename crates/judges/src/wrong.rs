//! Wrong answers: edits of a solution that prove its judge.

use crate::catalog::{Task, lines_of, solution_file};
use crate::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A mistake that people make, as edits of the solution.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
    /// The report must carry at least one of these names.
    pub diagnosis: Vec<String>,
    /// The edits; a kernel task's are in both languages.
    #[serde(rename = "edit")]
    pub edits: Vec<Edit>,
    #[serde(skip)]
    list: String,
}

/// One place of a solution, and what stands there instead.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, as the task lists it.
    pub file: String,
    /// Text that occurs once in the solution, markers included.
    pub find: String,
    /// What replaces it.
    pub replace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    wrong: Vec<Wrong>,
}

/// The wrong answers of a task.
///
/// # Errors
/// Their list is missing or malformed.
pub fn wrongs(task: &Task) -> Result<Vec<Wrong>> {
    let file = format!("wrong/{}.toml", task.name);
    let list = format!("{}/{file}", task.exercise);
    let Some(text) = solution_file(&task.exercise, &file) else {
        let reason = "it is missing; a task needs at least three wrong answers".into();
        return Err(Error::Catalog { file: list, reason });
    };
    parse(&list, text, &task.files)
}

fn parse(list: &str, text: &str, files: &[String]) -> Result<Vec<Wrong>> {
    let parsed = toml::from_str::<List>(&lines_of(text));
    let mut wrongs =
        parsed.map_err(|e| Error::Catalog { file: list.into(), reason: e.to_string() })?.wrong;
    let mut names = BTreeSet::new();
    for wrong in &mut wrongs {
        wrong.list = list.into();
        if !names.insert(&wrong.name) {
            return Err(wrong.error("the name is used twice"));
        }
        if wrong.diagnosis.iter().all(|name| name.trim().is_empty()) {
            return Err(wrong.error("it needs the name of a diagnosis"));
        }
        if wrong.edits.is_empty() {
            return Err(wrong.error("it edits nothing"));
        }
        if let Some(edit) = wrong.edits.iter().find(|edit| !files.contains(&edit.file)) {
            let reason =
                format!("{} is no file of the task; it has {}", edit.file, files.join(", "));
            return Err(wrong.error(reason));
        }
    }
    Ok(wrongs)
}

impl Wrong {
    /// Whether this diagnosis is the one that is wanted. Where a missing barrier is, a race is the same
    /// said with less: on a card it is seen before the place is found.
    pub fn expects(&self, diagnosis: &str) -> bool {
        let race = diagnosis == "differs-between-runs";
        self.diagnosis.iter().any(|d| d == diagnosis || (race && d == "missing-barrier"))
    }

    /// The solution of `file` with this mistake in it; `None` if the mistake is elsewhere.
    ///
    /// # Errors
    /// An edit finds no place or several, or two edits overlap.
    pub fn apply(&self, file: &str, solution_text: &str) -> Result<Option<String>> {
        let text = lines_of(solution_text);
        let mut places = Vec::new();
        for edit in self.edits.iter().filter(|edit| edit.file == file) {
            let mut found = text.match_indices(edit.find.as_str());
            let at = match (found.next(), found.next()) {
                _ if edit.find.is_empty() => {
                    return Err(self.error(format!("{file}: `find` is empty")));
                }
                (Some((at, _)), None) => at,
                (None, _) => return Err(self.misses(edit, "does not occur")),
                (Some(_), Some(_)) => return Err(self.misses(edit, "occurs more than once")),
            };
            places.push((at, edit));
        }
        if places.is_empty() {
            return Ok(None);
        }
        places.sort_by_key(|&(at, _)| at);
        let mut wrong = String::with_capacity(text.len());
        let mut end = 0;
        for (at, edit) in places {
            let Some(before) = text.get(end..at) else {
                return Err(self.misses(edit, "overlaps with another edit"));
            };
            wrong.push_str(before);
            wrong.push_str(&edit.replace);
            end = at + edit.find.len();
        }
        #[expect(clippy::string_slice, reason = "0, or the end of something found in this text")]
        wrong.push_str(&text[end..]);
        if wrong == text {
            return Err(self.error(format!("{file}: the edits change nothing")));
        }
        Ok(Some(wrong))
    }

    fn misses(&self, edit: &Edit, how: &str) -> Error {
        self.error(format!("{}: this text {how}:\n{}", edit.file, edit.find))
    }

    fn error(&self, reason: impl Into<String>) -> Error {
        Error::Wrong { file: self.list.clone(), name: self.name.clone(), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(edits: &str) -> Result<Vec<Wrong>> {
        let text = format!("[[wrong]]\nname = 'a'\nwhy = 'b'\ndiagnosis = ['zero']\n{edits}");
        parse("ex01-a/wrong/t.toml", &text, &["x.cu".into(), "x.wgsl".into()])
    }

    fn edit(find: &str, replace: &str) -> String {
        format!("[[wrong.edit]]\nfile = 'x.cu'\nfind = '''{find}'''\nreplace = '''{replace}'''\n")
    }

    #[test]
    fn edits_find_exactly_one_place_each() {
        let wrong = &list(&(edit("two\nthree", "2") + &edit("one", "two\nthree"))).unwrap()[0];
        let got = wrong.apply("x.cu", "one\r\ntwo\nthree\n").unwrap();
        assert_eq!(got.as_deref(), Some("two\nthree\n2\n"));
        assert_eq!(wrong.apply("x.wgsl", "one").unwrap(), None);
        let says = |edits: String, text: &str| {
            list(&edits).unwrap()[0].apply("x.cu", text).unwrap_err().to_string()
        };
        let said = says(edit("four", ""), "one");
        assert_eq!(
            said,
            "solutions/ex01-a/wrong/t.toml, wrong answer a: x.cu: this text does not occur:\nfour"
        );
        assert!(says(edit("o", ""), "one two").contains("occurs more than once"));
        assert!(says(edit("", "x"), "one").contains("empty"));
        assert!(says(edit("one", "one"), "one").contains("change nothing"));
        assert!(says(edit("one t", "") + &edit("two", ""), "one two").contains("overlaps"));
    }

    #[test]
    fn lists_are_checked() {
        let says = |edits: &str| list(edits).unwrap_err().to_string();
        assert!(says("edit = []\n").contains("edits nothing"));
        assert!(says("").contains("edit"));
        assert!(says("speed = 1\n").contains("speed"));
        let elsewhere = edit("a", "b").replace("x.cu", "y.cu");
        assert!(says(&elsewhere).contains("y.cu is no file of the task; it has x.cu, x.wgsl"));
        let twice = edit("a", "b")
            + "[[wrong]]\nname = 'a'\nwhy = 'b'\ndiagnosis = ['zero']\n"
            + &edit("a", "c");
        assert!(says(&twice).contains("used twice"));
    }
}
