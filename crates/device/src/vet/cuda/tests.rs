use super::*;

fn says(text: &str) -> String {
    check(text, &[("reduce.cuh", "")]).unwrap_err().to_string()
}

fn fine(text: &str) {
    check(text, &[("reduce.cuh", "")]).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
}

#[test]
fn only_our_headers_are_included() {
    fine("#include \"reduce.cuh\"\n#include <reduce.cuh>\n");
    assert!(says("\n#include \"/etc/passwd\"").starts_with("line 2: #include \"/etc/passwd\""));
    for hidden in [
        "#include </dev/zero>",
        "# /* x */ include \"x\"",
        "#include \\\n \"x\"",
        "#define X \"x\"\n#include X",
        "%:include \"x\"",
        "#include_next \"reduce.cuh\"",
        "#import \"x\"",
        "#embed \"/etc/passwd\"",
        "#if __has_include(\"/etc/shadow\")\n#endif",
        "/* \"*/\n#include \"x\"\n/*\"*/",
        "char c = '\"'; // \"\n#include \"x\"\n",
        "#line 1 \"/etc/passwd\"",
    ] {
        assert!(!says(hidden).is_empty(), "{hidden}");
    }
    assert!(says("const char* s = R\"(\n#include \"x\"\n)\";").contains("no end"));
    assert!(says("const char* s = R\"( a )\";").contains("plain string"));
}

#[test]
fn macros_that_grow_or_hide_are_refused() {
    let mut bomb = "#define M0 1\n".to_string();
    let mut calls = "#define F0(x) x x\n".to_string();
    for i in 1..40 {
        bomb += &format!("#define M{i} M{0} M{0}\n", i - 1);
        calls += &format!("#define F{i}(x) F{0}(F{0}(x))\n", i - 1);
    }
    assert!(says(&format!("{bomb}int x = M39 1;")).contains("grow"), "{}", says(&bomb));
    let calls = says(&format!("{calls}int x = F39(1);"));
    assert!(calls.contains("grow") || calls.contains("inside"), "{calls}");
    let nested = format!("#define F(x) x x\nint x = {}1{};", "F(".repeat(30), ")".repeat(30));
    assert!(says(&nested).contains("grow"));
    assert!(says("#define O (((\nint x = O 1;").contains("do not match"));
    assert!(says("#define F(x) x x\n#define G() F\nint x = G()(1);").contains("call it"));
    assert!(says("#define A B\n#define B A\n").contains("itself"));
    assert!(says("#define P(a, b) a##b\n").contains("##"));
    assert!(
        says(
            "#define P +1+1+1+1+1+1+1+1\n int x = P P P P P P P P P P P P P P P P P P P P P \
                  P P P P P P P P P P P P P P P P P P P P P P P P P P P P P P P;"
        )
        .contains("operators")
    );
    let deep = format!(
        "#define D(x) ((((((((((x))))))))))\nint x = {}1{};",
        "D(".repeat(11),
        ")".repeat(11)
    );
    assert!(says(&deep).contains("inside"));
}

#[test]
fn a_definition_may_break_off_anywhere() {
    for cut in ["#define", "#define F", "#define F()", "#define F() x"] {
        let _ = check(cut, &[]);
    }
    for cut in ["#define F(", "#define F(\nint x;", "#define F(a", "#define F(a,"] {
        assert!(says(cut).contains("no `)`"), "{cut}");
    }
}

/// Each branch is shallow, and all of them, read one after another, are thousands deep.
#[test]
fn lengths_are_read_without_a_deep_stack() {
    let branch = format!("#else\n{}\n", "(".repeat(90));
    let (all, end) = (branch.repeat(300), ")".repeat(90));
    fine(&format!("float x[\n#if A\n{all}#endif\n{end}1];"));
}

#[test]
fn branches_of_if_hide_no_depth() {
    let hidden = format!("{}\n", "(((((\n#if 0\n)))))\n#endif\n".repeat(30));
    assert!(!says(&hidden).is_empty());
    fine("#if A\nfor (;;) {\n#else\nwhile (1) {\n#endif\n}\n");
}

#[test]
fn templates_are_followed() {
    fine(
        "template <int N> struct Type { typedef float T; };\n\
         template <> struct Type<1> { typedef int T; };\n\
         template <class A> __device__ A twice(A x) { return x + x; }\n\
         struct Pair { float a; __device__ Pair operator+(Pair o) { return Pair{a + o.a}; } };\n\
         int f(int n) { return n ? f(n - 1) : 0; }",
    );
    let own = "template <int N> struct F { F<N - 1> a; F<N - 2> b; };";
    assert!(says(own).contains("uses itself"));
    let two = "template <int N> struct B;\ntemplate <int N> struct A { B<N - 1> b; };\n\
               template <int N> struct B { A<N - 1> a; };";
    assert!(says(two).contains("through others"));
    let mut bomb = "template <int N> struct T0 { int x; };\n".to_string();
    for i in 1..40 {
        bomb += &format!(
            "template <int N> struct T{i} {{ T{0}<N * 2> a; T{0}<N * 2 + 1> b; }};\n",
            i - 1
        );
    }
    assert!(says(&bomb).contains("grows"));
    assert!(says("#pragma unroll 1000000\n").contains("64 is the most"));
    assert!(says("float x[1024 * 1'024 * 2];").contains("2097152"));
    fine("float x[1 << 20]; float y[N * 100000000]; int z = x[i];");
}
