//! WGSL that would end a process or take its memory, made to any size.
use super::Kind;
use super::Kind::{AtTheBound, Refused};

/// A kernel whose body is this.
fn body(text: &str) -> String {
    format!(
        "{HEAD}@compute @workgroup_size(64)\nfn main(@builtin(local_invocation_index) i: u32) {{\n{text}\n}}\n"
    )
}

/// The same, with declarations in front.
fn with(front: &str, text: &str) -> String {
    format!("{front}\n{}", body(text))
}

const HEAD: &str = "@group(0) @binding(0) var<storage, read_write> out: array<f32>;\n";

fn x(n: usize, text: &str) -> String {
    text.repeat(n)
}

/// `{i}` and `{j}` in a text, counted up; `{j}` is one behind.
fn each(range: std::ops::Range<usize>, text: &str) -> String {
    let one = |i: usize| {
        let before = i.saturating_sub(1).to_string();
        text.replace("{i}", &i.to_string()).replace("{j}", &before)
    };
    range.map(one).collect()
}

fn backwards(range: std::ops::Range<usize>, text: &str) -> String {
    let mut parts: Vec<String> = range.map(|i| each(i..i + 1, text)).collect();
    parts.reverse();
    parts.concat()
}

fn assign(value: &str) -> String {
    body(&format!("out[i] = {value};"))
}

/// A kind of kernel: its name, what must come of it, the size to begin with, and how it is made.
pub(super) type Row = (&'static str, Kind, usize, fn(usize) -> String);

pub(super) const ROWS: &[Row] = &[
    // Operators.
    ("plus", Refused, 25_000, |n| assign(&format!("1.0{}", x(n, "+1.0")))),
    ("plus, of what is not constant", Refused, 25_000, |n| {
        assign(&format!("out[0]{}", x(n, "+out[0]")))
    }),
    ("minus without blanks", Refused, 25_000, |n| assign(&format!("out[1]{}", x(n, "-out[0]")))),
    ("times in integers", Refused, 25_000, |n| body(&format!("let y = i{};", x(n, "*i")))),
    ("shifts", Refused, 25_000, |n| body(&format!("let y = i{};", x(n, "<<(i&1)")))),
    ("and", Refused, 25_000, |n| body(&format!("let y = true{};", x(n, "&&(i==0)")))),
    ("or", Refused, 25_000, |n| body(&format!("let y = false{};", x(n, "||true")))),
    ("not", Refused, 25_000, |n| body(&format!("let y = {}true;", x(n, "!")))),
    ("negations", Refused, 25_000, |n| assign(&format!("{}out[0]", x(n, "- ")))),
    ("complements", Refused, 25_000, |n| body(&format!("let y = {}i;", x(n, "~")))),
    ("pointers to and from", Refused, 25_000, |n| {
        body(&format!("var v = 1; let y = {}v;", x(n, "*&")))
    }),
    ("comparisons", Refused, 25_000, |n| body(&format!("let y = 1{};", x(n, "<1")))),
    // Brackets.
    ("brackets", Refused, 25_000, |n| assign(&format!("{}1.0{}", x(n, "("), x(n, ")")))),
    ("brackets never closed", Refused, 25_000, |n| assign(&x(n, "("))),
    ("calls in calls", Refused, 10_000, |n| assign(&format!("{}1.0{}", x(n, "abs("), x(n, ")")))),
    ("vectors in vectors", Refused, 10_000, |n| {
        assign(&format!("{}1.0{}", x(n, "vec2("), x(n, ").x")))
    }),
    ("indices in indices", Refused, 10_000, |n| {
        body(&format!("var a = array(0u,0u); let y = {}i{};", x(n, "a["), x(n, "&1]")))
    }),
    ("selects in selects", Refused, 6_000, |n| {
        assign(&format!("{}1.0{}", x(n, "select(1.0,"), x(n, ",true)")))
    }),
    ("bitcasts in bitcasts", Refused, 6_000, |n| {
        assign(&format!("{}1.0{}", x(n, "bitcast<f32>("), x(n, ")")))
    }),
    ("members of members", Refused, 25_000, |n| assign(&format!("vec2(1.0).xy{}.x", x(n, ".xy")))),
    ("elements of elements", Refused, 25_000, |n| assign(&format!("out{}", x(n, "[0]")))),
    // Blocks.
    ("blocks", Refused, 10_000, |n| body(&format!("{}{}", x(n, "{"), x(n, "}")))),
    ("ifs", Refused, 10_000, |n| body(&format!("{}{}", x(n, "if i==0{"), x(n, "}")))),
    ("else ifs", Refused, 5_000, |n| body(&format!("if i==0 {{}}{}", x(n, " else if i==1 {}")))),
    ("elses", Refused, 5_000, |n| body(&format!("{}{}", x(n, "if i==0 {} else {"), x(n, "}")))),
    ("for", Refused, 3_000, |n| body(&format!("{}{}", x(n, "for(;;){"), x(n, "break;}")))),
    ("while", Refused, 3_000, |n| body(&format!("{}{}", x(n, "while i==0{"), x(n, "}")))),
    ("loops", Refused, 3_000, |n| body(&format!("{}{}", x(n, "loop{"), x(n, "break;}")))),
    ("continuing", Refused, 3_000, |n| {
        body(&format!("{}break if true;{}", x(n, "loop{continuing{"), x(n, "}}")))
    }),
    ("switches", Refused, 3_000, |n| body(&format!("{}{}", x(n, "switch i{default{"), x(n, "}}")))),
    ("cases", Refused, 10_000, |n| {
        body(&format!("switch i {{ {} default {{}} }}", each(0..n, "case {i}u: {} ")))
    }),
    ("comments in comments", Refused, 100_000, |n| {
        with(&format!("{}{}", x(n, "/*"), x(n, "*/")), "")
    }),
    // Types.
    ("arrays of arrays", Refused, 10_000, |n| {
        with(&format!("var<private> v: {}f32{};", x(n, "array<"), x(n, ",1>")), "")
    }),
    ("pointers to pointers", Refused, 10_000, |n| {
        with(&format!("fn f(p: {}f32{}) {{}}", x(n, "ptr<function,"), x(n, ">")), "")
    }),
    ("a chain of aliases", Refused, 1_000, |n| {
        with(
            &format!(
                "alias A0 = f32;{} var<private> v: A{};",
                each(1..n, "alias A{i} = array<A{j}, 1>;"),
                n - 1
            ),
            "out[i] = 1.0;",
        )
    }),
    ("a chain of aliases, backwards", Refused, 1_000, |n| {
        with(
            &format!(
                "{}alias A0 = f32; var<private> v: A{};",
                backwards(1..n, "alias A{i} = array<A{j}, 1>;"),
                n - 1
            ),
            "out[i] = 1.0;",
        )
    }),
    ("a chain of structs", Refused, 1_000, |n| {
        with(
            &format!(
                "struct S0 {{ x: f32 }}{} var<private> v: S{};",
                each(1..n, "struct S{i} { x: S{j} }"),
                n - 1
            ),
            "out[i] = 1.0;",
        )
    }),
    ("structs that double", Refused, 20, |n| {
        with(
            &format!(
                "struct S0 {{ x: f32 }}{} var<private> v: S{};",
                each(1..n, "struct S{i} { x: S{j}, y: S{j} }"),
                n - 1
            ),
            "let y = v; out[i] = 1.0;",
        )
    }),
    ("a struct of many", Refused, 10_000, |n| {
        with(
            &format!("struct S {{ {} }} var<private> v: S;", each(0..n, "m{i}: f32,")),
            "let y = v;",
        )
    }),
    ("many structs", Refused, 5_000, |n| with(&each(0..n, "struct S{i} { x: f32 }"), "")),
    // Constants.
    ("constants that double", Refused, 20, |n| {
        with(
            &format!(
                "const a0 = array(1.0, 2.0);{}",
                each(1..n, "const a{i} = array(a{j}, a{j});")
            ),
            &format!("let y = a{};", n - 1),
        )
    }),
    ("constants that double, inside", Refused, 20, |n| {
        body(&format!(
            "const a0 = array(1.0, 2.0);{} let y = a{};",
            each(1..n, "const a{i} = array(a{j}, a{j});"),
            n - 1
        ))
    }),
    ("values that double", Refused, 20, |n| {
        body(&format!(
            "let a0 = array(out[0], 2.0);{} out[i] = a{}{};",
            each(1..n, "let a{i} = array(a{j}, a{j});"),
            n - 1,
            x(n, "[0]")
        ))
    }),
    ("a chain of constants, backwards", Refused, 5_000, |n| {
        with(
            &format!("{}const c0 = 1;", backwards(1..n, "const c{i} = c{j} + 1;")),
            &format!("let y = c{};", n - 1),
        )
    }),
    ("constants in a circle", Refused, 100, |n| {
        with(&format!("const c0 = c{};{}", n - 1, each(1..n, "const c{i} = c{j} + 1;")), "")
    }),
    ("zeros, negated", Refused, 25_000_000, |n| body(&format!("let z = -array<i32, {n}>();"))),
    ("zeros, negated, by an alias", Refused, 25_000_000, |n| {
        with(&format!("alias A = array<i32, {n}>; const z = -A();"), "")
    }),
    ("zeros of a worked-out number", Refused, 5_000, |n| {
        with(&format!("const N = {n}; const M = N * N; const z = -array<i32, M>();"), "")
    }),
    ("zeros, compared", Refused, 25_000_000, |n| {
        body(&format!("let z = array<i32, {n}>() == array<i32, {n}>();"))
    }),
    ("zeros, one of them", Refused, 25_000_000, |n| {
        body(&format!("let z = array<i32, {n}>()[7];"))
    }),
    ("zeros in a variable", Refused, 25_000_000, |n| {
        body(&format!("var z = array<i32, {n}>(); out[i] = f32(z[i]);"))
    }),
    ("zeros of zeros", Refused, 2_500, |n| {
        body(&format!("var z = array<array<i32, {n}>, {n}>(); out[i] = f32(z[i][i]);"))
    }),
    ("a length that nobody knows", Refused, 25_000_000, |n| {
        with(&format!("const z = -array<i32, i32({n}.0)>();"), "")
    }),
    ("a long list", Refused, 20_000, |n| {
        with(&format!("const t = array({});", x(n, "1.0,")), "out[i] = t[i];")
    }),
    ("assertions", Refused, 20_000, |n| with(&x(n, "const_assert true;"), "")),
    // Memory.
    ("workgroup memory", Refused, 250_000_000, |n| {
        with(&format!("var<workgroup> w: array<u32, {n}>;"), "w[i] = i; out[i] = f32(w[i + 1]);")
    }),
    ("workgroup memory, a bit too much", Refused, 4_097, |n| {
        with(&format!("var<workgroup> w: array<u32, {n}>;"), "w[i] = i; out[i] = f32(w[i + 1]);")
    }),
    ("workgroup memory in parts", Refused, 100, |n| {
        with(&each(0..n, "var<workgroup> w{i}: array<u32, 1000>;"), &each(0..n, "w{i}[i] = i;"))
    }),
    ("workgroup memory by an override", Refused, 2_000_000, |n| {
        with(
            &format!("override N = {n}; var<workgroup> w: array<u32, N * 10>;"),
            "w[i] = i; out[i] = f32(w[i + 1]);",
        )
    }),
    ("private memory", Refused, 16_000_000, |n| {
        with(&format!("var<private> v: array<u32, {n}>;"), "v[i] = i; out[i] = f32(v[i + 1]);")
    }),
    ("private memory in parts", Refused, 100, |n| {
        with(&each(0..n, "var<private> v{i}: array<u32, 1000>;"), &each(0..n, "v{i}[i] = i;"))
    }),
    ("memory of a function", Refused, 16_000_000, |n| {
        body(&format!("var v: array<u32, {n}>; v[i] = i; out[i] = f32(v[i + 1]);"))
    }),
    ("memory of a function in parts", Refused, 100, |n| {
        body(&each(0..n, "var v{i}: array<u32, 1000>; v{i}[i] = i;"))
    }),
    ("memory of many functions", Refused, 100, |n| {
        with(
            &each(
                0..n,
                "fn g{i}(i: u32) -> u32 { var v: array<u32, 1000>; v[i] = i; return v[i + 1]; }",
            ),
            &each(0..n, "out[i] += f32(g{i}(i));"),
        )
    }),
    ("storage of a fixed size", Refused, 25_000_000, |n| {
        format!(
            "@group(0) @binding(0) var<storage, read_write> out: array<f32, {n}>;\n@compute @workgroup_size(1) fn main() {{ out[0] = 1.0; }}"
        )
    }),
    ("invocations", Refused, 16_384, |n| {
        format!("{HEAD}@compute @workgroup_size({n}, 16384, 16384) fn main() {{ out[0] = 1.0; }}")
    }),
    // Work.
    ("functions that call twice", Refused, 20, |n| {
        with(
            &format!(
                "fn g0(x: f32) -> f32 {{ return x * out[0]; }}{}",
                each(1..n, "fn g{i}(x: f32) -> f32 { return g{j}(x) + g{j}(x + 1.0); }")
            ),
            &format!("out[i] = g{}(1.0);", n - 1),
        )
    }),
    ("functions that call on, backwards", Refused, 5_000, |n| {
        with(
            &format!(
                "{}fn g0(x: f32) -> f32 {{ return x; }}",
                backwards(1..n, "fn g{i}(x: f32) -> f32 { return g{j}(x); }")
            ),
            &format!("out[i] = g{}(1.0);", n - 1),
        )
    }),
    ("a function that calls itself", Refused, 10, |_| {
        with("fn f(x: f32) -> f32 { return f(x); }", "out[i] = f(1.0);")
    }),
    ("statements", Refused, 10_000, |n| body(&x(n, "out[i] += 1.0;"))),
    ("statements on one variable", Refused, 10_000, |n| {
        body(&format!("var v = out[i];{} out[i] = v;", x(n, "v = v * v + 1.0;")))
    }),
    ("copies of an array", Refused, 100, |n| {
        body(&format!(
            "var a: array<f32, 1000>; var b: array<f32, 1000>; {} out[i] = a[i];",
            x(n, "b = a; a[i] = 1.0; a = b;")
        ))
    }),
    ("arrays by value", Refused, 100, |n| {
        with(
            "fn f(a: array<f32, 1000>) -> array<f32, 1000> { return a; }",
            &format!("var a: array<f32, 1000>; {} out[i] = a[i];", x(n, "a = f(a);")),
        )
    }),
    ("variables", Refused, 10_000, |n| body(&each(0..n, "var v{i} = 1.0;"))),
    ("arguments", Refused, 10_000, |n| {
        with(&format!("fn f({}) {{}}", each(0..n, "a{i}: f32,")), "")
    }),
    ("functions", Refused, 10_000, |n| with(&each(0..n, "fn g{i}() {}"), "")),
    ("globals", Refused, 5_000, |n| with(&each(0..n, "var<private> v{i}: f32;"), "")),
    ("overrides", Refused, 10_000, |n| with(&each(0..n, "override v{i} = 1;"), "")),
    ("barriers", Refused, 10_000, |n| body(&x(n, "workgroupBarrier();"))),
    ("attributes", Refused, 10_000, |n| with(&x(n, "@align(16)"), "")),
    ("directives", Refused, 10_000, |n| {
        format!("{}{}", x(n, "diagnostic(off, derivative_uniformity);"), body(""))
    }),
    // Text.
    ("blanks", Refused, 300_000, |n| with(&x(n, " "), "")),
    ("a long name", Refused, 10_000, |n| with(&format!("const {} = 1;", x(n, "a")), "")),
    ("a long number", Refused, 10_000, |n| with(&format!("const a = 1{};", x(n, "0")), "")),
    ("a large exponent", Refused, 10_000, |n| with(&format!("const a = 1e{n};"), "")),
    ("control characters", Refused, 10, |n| with(&format!("// {}", x(n, "\u{1b}[2J")), "")),
    ("zeros in the text", Refused, 10, |n| with(&x(n, "\0"), "")),
    ("other ends of lines", Refused, 10, |n| with(&format!("// {}", x(n, "\u{2028}x")), "")),
    ("a comment without an end", Refused, 10, |n| with(&x(n, "/* "), "")),
    ("a part, again and again", Refused, 1_000, |n| with(&x(n, "// include: part\n"), "")),
    ("nothing but signs", Refused, 20_000, |n| x(n, "<")),
    // At the bounds: these must compile, or be refused, and nothing else.
    ("operators at the bound", AtTheBound, 99, |n| assign(&format!("out[0]{}", x(n, "+out[1]")))),
    ("brackets at the bound", AtTheBound, 24, |n| {
        assign(&format!("{}out[0]{}", x(n, "("), x(n, ")")))
    }),
    ("blocks at the bound", AtTheBound, 24, |n| {
        body(&format!("{}out[i] += 1.0;{}", x(n, "if out[i] < 1.0 {"), x(n, "}")))
    }),
    ("loops at the bound", AtTheBound, 12, |n| {
        body(&format!("{}out[i] += 1.0;{}", x(n, "loop{if out[i]<9.0{"), x(n, "}break;}")))
    }),
    ("else ifs at the bound", AtTheBound, 24, |n| {
        body(&format!("if out[i] == 0.0 {{}}{}", x(n, " else if out[i] == 1.0 { out[i] = 2.0; }")))
    }),
    ("statements at the bound", AtTheBound, 220, |n| body(&x(n, "out[i] += 1.0;"))),
    ("statements on one variable at the bound", AtTheBound, 700, |n| {
        body(&format!("var v = out[i];{} out[i] = v;", x(n, "v = v * v + 1.0;")))
    }),
    ("sines at the bound", AtTheBound, 170, |n| {
        body(&format!("var v = out[i];{} out[i] = v;", x(n, "v = sin(v);")))
    }),
    ("arrays by index at the bound", AtTheBound, 100, |n| {
        body(&format!("var v: array<f32, {n}>; v[i] += out[i]; out[i] = v[i];"))
    }),
    ("small arrays by index at the bound", AtTheBound, 20, |n| {
        let adds = x(n, "v[i & 63] += out[i];");
        body(&format!("var v: array<f32, 64>; {adds} out[i] = v[i];"))
    }),
    ("copies of an array at the bound", AtTheBound, 2, |n| {
        body(&format!(
            "var a: array<f32, 900>; var b: array<f32, 900>; {} out[i] = a[i];",
            x(n, "a[i] = out[i]; b = a; a = b;")
        ))
    }),
    ("functions at the bound", AtTheBound, 24, |n| {
        with(
            &format!(
                "fn g0(x: f32) -> f32 {{ return x * out[0]; }}{}",
                each(1..n, "fn g{i}(x: f32) -> f32 { return g{j}(x) + 1.0; }")
            ),
            &format!("out[i] = g{}(1.0);", n - 1),
        )
    }),
    ("functions that call twice at the bound", AtTheBound, 3, |n| {
        with(
            &format!(
                "fn g0(x: f32) -> f32 {{ return x * out[0]; }}{}",
                each(1..n, "fn g{i}(x: f32) -> f32 { return g{j}(x) + g{j}(x + 1.0); }")
            ),
            &format!("out[i] = g{}(1.0);", n - 1),
        )
    }),
    ("matrices at the bound", AtTheBound, 50, |n| {
        body(&format!(
            "var m = mat4x4<f32>(); m[0][0] = out[i];{} out[i] = m[0][0];",
            x(n, "m = m * m;")
        ))
    }),
    ("loops in loops that could be unrolled", AtTheBound, 2, |n| {
        body(&format!(
            "{}out[i] += 1.0;{}",
            each(0..n, "for (var k{i} = 0; k{i} < 3; k{i}++) {"),
            x(n, "}")
        ))
    }),
    ("cases at the bound", AtTheBound, 180, |n| {
        body(&format!(
            "switch i {{ {} default {{}} }}",
            each(0..n, "case {i}u: { out[i] = 1.0; } ")
        ))
    }),
    ("memory at the bound", AtTheBound, 500, |n| {
        with(
            &format!("var<private> v: array<f32, {n}>; var<workgroup> w: array<f32, {n}>;"),
            "v[i] = out[i]; w[i] = v[i + 1]; out[i] = w[i + 1];",
        )
    }),
];
