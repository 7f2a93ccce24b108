use super::*;

#[test]
fn deriving_a_story_again_gives_its_probability_back() {
    for index in 0..3000 {
        let story = Generator::derivation(7, index);
        let derived = grammar().derive(&story.text);
        assert_eq!(derived.len(), 1, "{} derivations of: {}", derived.len(), story.text);
        assert_eq!(derived[0], story);
        assert_eq!(log_prob(&story.text), Ok(story.log_prob()));
    }
}

#[test]
fn what_is_no_story_has_no_probability() {
    let story = Generator::story(7, 0).text;
    for text in ["", "Once", &story[..story.len() - 1], &format!("{story} "), &story.to_lowercase()]
    {
        assert!(log_prob(text).is_err(), "{text}");
    }
    let error = log_prob("Call me Ishmael.").unwrap_err().to_string();
    assert!(error.contains("Call me Ishmael."), "{error}");
}

#[test]
fn the_entropy_is_the_mean_surprise() {
    let count = 20_000;
    let nats: Vec<f64> = Generator::new(11).take(count).map(|s| -s.log_prob).collect();
    let mean = nats.iter().sum::<f64>() / count as f64;
    let variance = nats.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / count as f64;
    let error = (variance / count as f64).sqrt();
    assert!((mean - entropy()).abs() < 5.0 * error, "{mean} ± {error}, exact {}", entropy());
}

#[test]
fn beginnings_lose_probability_word_by_word() {
    let story = Generator::story(7, 4);
    let mut before = 0.0;
    for (end, _) in story.text.match_indices(' ') {
        let now = grammar().log_prob_of_beginning(&story.text, end);
        assert!(now <= before + 1e-9 && now >= story.log_prob - 1e-9);
        before = now;
    }
    assert_eq!(grammar().log_prob_of_beginning("Call me", 7), f64::NEG_INFINITY);
    assert!(grammar().log_prob_of_beginning("", 0).abs() < 1e-12);
}

#[test]
fn any_story_is_reached_at_once_and_seeds_differ() {
    let third = Generator::new(5).nth(3).unwrap();
    assert_eq!(third, Generator::story(5, 3));
    assert_ne!(third, Generator::story(6, 3));
    assert_ne!(Generator::held_out(5).next(), Generator::new(5).next());
}

const DICE: &str = "\
table die | even
  one | odd
  two | even
  three | odd
rule story
  1 {a=die} <say/a> {b=die}
rule say/one
  3 beats
  1 loses to
rule say/two
  1 meets
rule say/three
  1 meets
";

#[test]
fn the_entropy_of_a_small_grammar_can_be_checked_by_hand() {
    let grammar = Grammar::parse(DICE).unwrap();
    // Two draws without repeating: ln 3 + ln 2. A third of the time one of {3/4, 1/4}.
    let quarter = -(0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln());
    let by_hand = 3f64.ln() + 2f64.ln() + quarter / 3.0;
    assert!((grammar.entropy() - by_hand).abs() < 1e-12);
    assert_eq!(grammar.longest(), 4);
    let derived = grammar.derive("one beats two");
    assert!((derived[0].log_prob() - (1.0f64 / 3.0 * 0.75 / 2.0).ln()).abs() < 1e-12);
    assert!(grammar.derive("one beats one").is_empty());
}

/// What is written in a few lines and could be told by nobody.
#[test]
fn a_grammar_stays_small_enough_to_tell() {
    let says = |text: &str| Grammar::parse(text).unwrap_err().message;
    let chain = |last: usize, how: &str| -> String {
        let rule = |i: usize| format!("rule r{i}\n1 {}\n", how.replace('N', &(i + 1).to_string()));
        let rules: String = (0..last).map(rule).collect();
        format!("rule story\n1 <r0>\n{rules}rule r{last}\n1 end\n")
    };
    assert!(Grammar::parse(&chain(60, "<rN>")).is_ok());
    assert!(says(&chain(64, "<rN>")).contains("rules deep"));
    assert!(says(&chain(100_000, "<rN>")).contains("rules deep"));
    assert!(says(&chain(40, "<rN><rN>")).contains("written out"));
    // Taking a text apart calls itself for each piece.
    let long = |pairs: usize| format!("rule story\n1 {}\n", "a[b]".repeat(pairs));
    assert!(says(&long(683)).contains("more than 2048 pieces"));
    assert!(says(&long(100_000)).contains("more than 2048 pieces"));
    assert_eq!(Grammar::parse(&long(682)).unwrap().derive(&"ab".repeat(682)).len(), 1);
    let rows: String = (0..70_000).map(|i| format!("w{i}\n")).collect();
    assert!(says(&format!("table t\n{rows}rule story\n1 {{a=t}}\n")).contains("65535 rows"));
    assert!(says("table t\nrule story\n1 <k/a> {a=t}\n").contains("before it is drawn"));
    // Ten words that all decide: more situations than there are atoms.
    let rows: String = (0..30).map(|i| format!("w{i}\n")).collect();
    let draws: String = (0..10).map(|i| format!("{{s{i}=t}} <k/s{i}> ")).collect();
    let keys: String = (0..30).map(|i| format!("rule k/w{i}\n1 x\n")).collect();
    let text = format!("table t\n{rows}rule story\n1 {draws}\n{keys}");
    assert!(says(&text).contains("situations"));
}

#[test]
fn faults_in_a_grammar_are_named() {
    let fault = |from: &str, to: &str| {
        assert!(DICE.contains(from));
        Grammar::parse(&DICE.replacen(from, to, 1)).unwrap_err()
    };
    for (from, to, line, says) in [
        ("| odd", "| odd | 3", 2, "columns"),
        ("{a=die}", "{a=dice}", 6, "no table `dice`"),
        ("<say/a>", "<says>", 6, "no rule `says`"),
        ("<say/a>", "<say/c>", 6, "draws `c`"),
        ("{b=die}", "{b.odd}", 6, "draws `b`"),
        ("{b=die}", "{a.odd}", 6, "no column `odd`"),
        ("{b=die}", "{b=die", 6, "`}` is missing"),
        ("{b=die}", "[x|y", 6, "`]` is missing"),
        ("{b=die}", "x|y", 6, "outside brackets"),
        ("  3 beats", "  0 beats", 8, "weight"),
        ("rule say/two\n", "rule say/four\n", 6, "no rule `say/two`"),
        ("rule say/two\n", "rule say/one\n", 10, "twice"),
        ("rule story", "rule other", 0, "no rule `story`"),
        ("1 meets", "1 <story>", 0, "back to itself"),
        ("{a=die} <say/a> {b=die}", "<say/a> {a=die}", 0, "before it is drawn"),
        ("{b=die}", "{b=die} {c=die} {d=die}", 0, "table empty"),
        ("{b=die}", &("[".repeat(9_000) + &"]".repeat(9_000)), 6, "inside one another"),
    ] {
        let error = fault(from, to);
        assert!(error.line == line && error.message.contains(says), "{to}: {error}");
    }
    assert_eq!(Grammar::parse("  1 x").unwrap_err().line, 1);
    assert!(Grammar::parse("").is_err());
}

#[test]
fn the_valley_speaks_proper_english() {
    for story in Generator::new(2).take(5000) {
        let vowel =
            |at: usize| story.text[at + " a ".len()..].starts_with(['a', 'e', 'i', 'o', 'u']);
        assert!(!story.text.match_indices(" a ").any(|(at, _)| vowel(at)), "{}", story.text);
        assert!(!story.text.contains("  ") && !story.text.contains(" ."), "{}", story.text);
        assert!(story.text.is_ascii() && story.text.ends_with('.'), "{}", story.text);
    }
}
