//! Chrome turns down a number beyond the largest f32, where naga rounds it: -3.40282347e+38, say.

#[test]
fn no_number_is_beyond_the_largest() {
    let mut seen = 0;
    for (path, text) in strata_shaders::KERNELS.iter().chain(strata_shaders::INCLUDES) {
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        for line in code.filter(|line| line.contains("e+38")) {
            let part = |c: char| !(c.is_ascii_digit() || "e+.".contains(c));
            for word in line.split(part).filter(|word| word.ends_with("e+38")) {
                let number: f64 = word.parse().unwrap();
                assert!(number <= f64::from(f32::MAX), "{path}.wgsl: {word}");
                seen += 1;
            }
        }
    }
    assert!(seen > 3, "{seen} numbers were looked at");
}
