use super::*;

#[test]
fn deriving_a_story_again_gives_its_probability_back() {
    for index in 0..2000 {
        let told = Generator::derivation(7, index);
        let derived = grammar().derive(&told.text);
        assert_eq!(derived.len(), 1, "one derivation, not {}: {}", derived.len(), told.text);
        assert_eq!(derived[0], told);
        assert_eq!(log_prob(&told.text), Ok(told.log_prob()));
    }
}

#[test]
fn show() {
    for index in 0..12 {
        let s = Generator::story(7, index);
        println!("{} [{:.1}]\n", s.text, s.log_prob);
    }
    println!("entropy {} longest {}", entropy(), grammar().longest());
    let n = 20000;
    let mean = Generator::new(3).take(n).map(|s| -s.log_prob).sum::<f64>() / n as f64;
    println!("sampled {mean}");
    let len = Generator::new(3).take(n).map(|s| s.text.len()).sum::<usize>() as f64 / n as f64;
    println!("bytes {len}");
}
#[test]
fn sizes() {
    let g = grammar();
    for r in &g.rules {
        let l = g.longest_rule(r);
        if l > 20 { println!("{} {}", r.name, l); }
    }
}
