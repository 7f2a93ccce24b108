//! CUDA that would end a process or take its memory, made to any size. Compiled only: no card is
//! needed.
use super::Kind;
use super::Kind::{AtTheBound, Refused};
use super::worker::{WRITES, case, file, skipped, tidy};
use strata_device::{Kernel, Machine, Overlay, cuda};

fn body(text: &str) -> String {
    format!(
        "extern \"C\" __global__ void entry(float* out) {{\nunsigned i = threadIdx.x;\n{text}\n}}\n"
    )
}

fn with(front: &str, text: &str) -> String {
    format!("{front}\n{}", body(text))
}

fn x(n: usize, text: &str) -> String {
    text.repeat(n)
}

fn each(range: std::ops::Range<usize>, text: &str) -> String {
    let one = |i: usize| {
        let before = i.saturating_sub(1).to_string();
        text.replace("{i}", &i.to_string()).replace("{j}", &before)
    };
    range.map(one).collect()
}

fn assign(value: &str) -> String {
    body(&format!("out[i] = {value};"))
}

/// As in `wgsl.rs`.
pub(super) type Row = (&'static str, Kind, usize, fn(usize) -> String);

pub(super) const ROWS: &[Row] = &[
    ("plus", Refused, 25_000, |n| assign(&format!("1.0f{}", x(n, "+1.0f")))),
    ("plus, of what is not constant", Refused, 25_000, |n| {
        assign(&format!("out[0]{}", x(n, "+out[0]")))
    }),
    ("not", Refused, 25_000, |n| assign(&format!("{}true", x(n, "!")))),
    ("negations", Refused, 25_000, |n| assign(&format!("{}1", x(n, "- ")))),
    ("dereferences", Refused, 25_000, |n| assign(&format!("{}out", x(n, "*&")))),
    ("commas", Refused, 25_000, |n| body(&format!("i = ({}1);", x(n, "1,")))),
    ("conditions", Refused, 10_000, |n| assign(&format!("{}1", x(n, "i?1:")))),
    ("assignments", Refused, 10_000, |n| body(&format!("{}1;", x(n, "i=")))),
    ("brackets", Refused, 25_000, |n| assign(&format!("{}1{}", x(n, "("), x(n, ")")))),
    ("brackets never closed", Refused, 25_000, |n| assign(&x(n, "("))),
    ("braces", Refused, 10_000, |n| body(&format!("{}{}", x(n, "{"), x(n, "}")))),
    ("calls in calls", Refused, 10_000, |n| assign(&format!("{}1.0f{}", x(n, "sinf("), x(n, ")")))),
    ("indices in indices", Refused, 10_000, |n| {
        body(&format!("int a[2] = {{}}; out[i] = {}0{};", x(n, "a["), x(n, "]")))
    }),
    ("ifs", Refused, 10_000, |n| body(&format!("{}{}", x(n, "if (i) {"), x(n, "}")))),
    ("ifs without braces", Refused, 10_000, |n| body(&format!("{};", x(n, "if (i) ")))),
    ("else ifs", Refused, 5_000, |n| body(&format!("if (i) {{}}{}", x(n, " else if (i) {}")))),
    ("else ifs without braces", Refused, 5_000, |n| {
        body(&format!("if (i) i++;{}", x(n, " else if (i) i++;")))
    }),
    ("loops without braces", Refused, 5_000, |n| body(&format!("{};", x(n, "for (;;) ")))),
    ("dos without braces", Refused, 5_000, |n| {
        body(&format!("{};{}", x(n, "do "), x(n, "while (i);")))
    }),
    ("labels", Refused, 10_000, |n| body(&format!("{};", each(0..n, "l{i}: ")))),
    ("pointers to pointers", Refused, 25_000, |n| body(&format!("int {}p;", x(n, "*")))),
    ("arrays of arrays", Refused, 10_000, |n| body(&format!("int p{};", x(n, "[1]")))),
    ("functions that return functions", Refused, 10_000, |n| {
        body(&format!("int {}p{};", x(n, "(*"), x(n, ")()")))
    }),
    ("casts", Refused, 10_000, |n| assign(&format!("{}1", x(n, "(int)")))),
    ("structs in structs", Refused, 5_000, |n| {
        with(&format!("{}int x;{}", x(n, "struct {"), x(n, "};")), "")
    }),
    ("namespaces", Refused, 5_000, |n| {
        with(&format!("{}{}", x(n, "namespace a {"), x(n, "}")), "")
    }),
    ("macros that double", Refused, 20, |n| {
        with(
            &format!("#define M0 1+\n{}", each(1..n, "#define M{i} M{j} M{j}\n")),
            &format!("out[i] = M{} 1;", n - 1),
        )
    }),
    ("macros that double their argument", Refused, 20, |n| {
        with("#define F(x) x + x\n", &format!("out[i] = {}1{};", x(n, "F("), x(n, ")")))
    }),
    ("macros that call macros", Refused, 20, |n| {
        with(
            &format!("#define F0(x) x + x\n{}", each(1..n, "#define F{i}(x) F{j}(F{j}(x))\n")),
            &format!("out[i] = F{}(1);", n - 1),
        )
    }),
    ("macros that hide brackets", Refused, 100, |n| {
        with(&format!("#define O {}\n", x(n, "(")), &assign(&x(n, "O ")))
    }),
    ("macros that hide operators", Refused, 100, |n| {
        with(&format!("#define P {}\n", x(n, "+1")), &format!("out[i] = 1 {};", x(n, "P ")))
    }),
    ("macros that hide depth", Refused, 100, |n| {
        with(
            &format!("#define D(x) {}x{}\n", x(n, "("), x(n, ")")),
            &format!("out[i] = {}1{};", x(n, "D("), x(n, ")")),
        )
    }),
    ("macros that paste", Refused, 20, |n| {
        with(
            &format!(
                "#define P(a, b) a##b\n#define M0 1+\n{}",
                each(1..n, "#define M{i} P(M, {j}) P(M, {j})\n")
            ),
            &format!("out[i] = M{} 1;", n - 1),
        )
    }),
    ("many macros", Refused, 10_000, |n| with(&each(0..n, "#define M{i} 1\n"), "")),
    ("a file in the log", Refused, 1, |n| with(&x(n, "#include \"/etc/passwd\"\n"), "")),
    ("a file without an end", Refused, 1, |n| with(&x(n, "#include \"/dev/zero\"\n"), "")),
    ("a file behind a macro", Refused, 1, |n| {
        with(&x(n, "#define F </dev/zero>\n#include F\n"), "")
    }),
    ("a file behind a digraph", Refused, 1, |n| with(&x(n, "%:include \"/dev/zero\"\n"), "")),
    ("a file that includes itself", Refused, 1, |n| with(&x(n, "#include \"case.cu\"\n"), "")),
    ("a file embedded", Refused, 1, |n| {
        with(&x(n, "const char a[] = {\n#embed \"/dev/zero\"\n};\n"), "")
    }),
    ("a file asked for", Refused, 1, |n| {
        with(&x(n, "#if __has_include(\"/etc/shadow\")\n#endif\n"), "")
    }),
    ("ifs of the preprocessor", Refused, 10_000, |n| {
        with(&format!("{}{}", x(n, "#if 1\n"), x(n, "#endif\n")), "")
    }),
    ("a condition of the preprocessor", Refused, 25_000, |n| {
        with(&format!("#if 1{}\n#endif\n", x(n, "+1")), "")
    }),
    ("brackets in a condition", Refused, 25_000, |n| {
        with(&format!("#if {}1{}\n#endif\n", x(n, "("), x(n, ")")), "")
    }),
    ("depth behind #if 0", Refused, 500, |n| {
        assign(&format!("{}1{}", x(n, "((((\n#if 0\n))))\n#endif\n"), x(4 * n, ")")))
    }),
    ("a template that uses itself", Refused, 500, |n| {
        with(
            "template <int N> struct F { static const int v = F<N - 1>::v + 1; }; template <> struct F<0> { static const int v = 0; };",
            &format!("out[i] = F<{n}>::v;"),
        )
    }),
    ("a template that uses itself twice", Refused, 20, |n| {
        with(
            "template <int N, int M> struct F { F<N - 1, M * 2> a; F<N - 1, M * 2 + 1> b; }; template <int M> struct F<0, M> { int x; };",
            &format!("out[i] = sizeof(F<{n}, 0>);"),
        )
    }),
    ("templates that use templates twice", Refused, 20, |n| {
        with(
            &format!(
                "template <int N> struct T0 {{ int x; }};{}",
                each(1..n, "template <int N> struct T{i} { T{j}<N * 2> a; T{j}<N * 2 + 1> b; };")
            ),
            &format!("out[i] = sizeof(T{}<0>);", n - 1),
        )
    }),
    ("templates in templates", Refused, 1_000, |n| {
        with(
            "template <class T> struct W { T x; };",
            &format!("{}int{} w;", x(n, "W<"), x(n, "> ")),
        )
    }),
    ("a function template that uses itself", Refused, 500, |n| {
        with(
            "template <int N> __device__ int f(int x) { if constexpr (N == 0) return x; else return f<N - 1>(x) + f<N - 1>(x + 1); }",
            &format!("out[i] = f<{n}>(i);"),
        )
    }),
    ("a list of any length", Refused, 1_000_000, |n| {
        with(
            &format!("template <int... I> struct L {{}}; using X = L<__integer_pack({n})...>;"),
            "",
        )
    }),
    ("an unrolled loop", Refused, 1_000_000, |n| {
        body(&format!(
            "#pragma unroll {n}\nfor (int k = 0; k < {n}; k++) out[k] += sinf(out[k + 1]);"
        ))
    }),
    ("shared memory", Refused, 250_000_000, |n| {
        body(&format!("__shared__ float s[{n}]; s[i] = i; __syncthreads(); out[i] = s[i + 1];"))
    }),
    ("memory of a thread", Refused, 250_000_000, |n| {
        body(&format!(
            "float s[{n}]; for (int k = 0; k < 100; k++) s[k * i] = out[k]; out[i] = s[i * i];"
        ))
    }),
    ("constant memory", Refused, 25_000_000, |n| {
        with(&format!("__constant__ float c[{n}] = {{1}};"), "out[i] = c[i];")
    }),
    ("a raw string", Refused, 10, |n| {
        with(&format!("const char* s = R\"(\n{})\";", x(n, "#include \"/dev/zero\"\n")), "")
    }),
    ("control characters", Refused, 10, |n| with(&format!("// {}", x(n, "\u{1b}[2J")), "")),
    ("zeros in the text", Refused, 10, |n| with(&x(n, "\0"), "")),
    ("blanks", Refused, 300_000, |n| with(&x(n, " "), "")),
    ("a long name", Refused, 10_000, |n| with(&format!("int {};", x(n, "a")), "")),
    ("joined lines", Refused, 100, |n| with(&x(n, "#incl\\\nude \"/dev/zero\"\n"), "")),
    ("functions", Refused, 10_000, |n| with(&each(0..n, "void f{i}() {}\n"), "")),
    ("statements", Refused, 10_000, |n| body(&x(n, "out[i] += 1.0f;"))),
    ("operators at the bound", AtTheBound, 99, |n| assign(&format!("out[0]{}", x(n, "+out[1]")))),
    ("brackets at the bound", AtTheBound, 24, |n| {
        assign(&format!("{}out[0]{}", x(n, "("), x(n, ")")))
    }),
    ("blocks at the bound", AtTheBound, 24, |n| {
        body(&format!("{}out[i] += 1;{}", x(n, "if (out[i] < 1) {"), x(n, "}")))
    }),
    ("else ifs at the bound", AtTheBound, 24, |n| {
        body(&format!("if (i == 0) {{}}{}", x(n, " else if (out[i] == 1) { out[i] = 2; }")))
    }),
    ("statements at the bound", AtTheBound, 1_000, |n| body(&x(n, "out[i] += 1.0f;"))),
    ("sines", Refused, 500, |n| {
        body(&format!("float v = out[i]; {} out[i] = v;", x(n, "v = sinf(v);")))
    }),
    ("sines at the bound", AtTheBound, 32, |n| {
        body(&format!("float v = out[i]; {} out[i] = v;", x(n, "v = sinf(v);")))
    }),
    ("functions at the bound", AtTheBound, 300, |n| {
        with(
            &format!(
                "float f0(float x) {{ return x; }}{}",
                each(1..n, "float f{i}(float x) { return f{j}(x) + 1; }")
            ),
            &format!("out[i] = f{}(1);", n - 1),
        )
    }),
    ("functions that call twice at the bound", AtTheBound, 4, |n| {
        with(
            &format!(
                "float f0(float x) {{ return x; }}{}",
                each(1..n, "float f{i}(float x) { return f{j}(x) + f{j}(x + 1); }")
            ),
            &format!("out[i] = f{}(out[0]);", n - 1),
        )
    }),
    ("templates at the bound", AtTheBound, 2, |n| {
        with(
            &format!(
                "template <int N> struct T0 {{ int x; }};{}",
                each(1..n, "template <int N> struct T{i} { T{j}<N * 2> a; T{j}<N * 2 + 1> b; };")
            ),
            &format!("out[i] = sizeof(T{}<0>);", n - 1),
        )
    }),
    ("a constant worked out", AtTheBound, 8, |n| {
        with(
            "constexpr int f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }",
            &format!("constexpr int v = f({n}); out[i] = v;"),
        )
    }),
    ("a constant worked out by a loop", AtTheBound, 10_000_000, |n| {
        with(
            &format!(
                "constexpr int f() {{ int x = 0; for (int k = 0; k < {n}; k++) x += k % 3; return x; }}"
            ),
            "constexpr int v = f(); out[i] = v;",
        )
    }),
    ("a loop that could be unrolled", AtTheBound, 16, |n| {
        body(&format!(
            "#pragma unroll {n}\nfor (int k = 0; k < {n}; k++) out[k] += sinf(out[k + 1]);"
        ))
    }),
];

/// Compiles kernel after kernel, from the first given.
pub(super) fn cases(first: usize) {
    let path = file("", "cu");
    let overlay = Overlay::of_files(vec![("vet/case".into(), Machine::Cuda, path.clone())]);
    for at in first..ROWS.len() * 3 {
        if skipped(ROWS[at / 3].0) {
            continue;
        }
        let (_, _, n, make) = ROWS[at / 3];
        file(&make(n << (at % 3)), "cu");
        let kernel = Kernel::new("vet/case", "entry", WRITES).cuda("", &[]);
        let kernel: &'static Kernel = Box::leak(Box::new(kernel));
        case(at, || {
            let image = cuda::compile(kernel, &[], "sm_80", Some(&overlay));
            image.map(drop).map_err(|error| error.to_string())
        });
    }
    tidy(&path);
}
