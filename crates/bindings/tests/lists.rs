//! The lists that carriers wrap say what `native.ts` says: this is a carrier, too, which only reads.
use std::collections::BTreeSet;

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap().to_string();
    parts.fold(first, |all, part| all + &part[..1].to_uppercase() + &part[1..])
}

/// The methods of an interface of `native.ts`.
fn interface(name: &str) -> BTreeSet<String> {
    let text = include_str!("../../../ts/packages/strata/src/native.ts");
    let begin = text.find(&format!("export interface {name} {{")).expect(name);
    let body = &text[begin..begin + text[begin..].find("\n}").unwrap()];
    let method = |line: &str| {
        let line = line.strip_prefix("  ")?;
        let name = line.split_once('(')?.0;
        name.chars().all(|c| c.is_ascii_alphanumeric()).then(|| name.to_string())
    };
    body.lines().filter_map(method).collect()
}

#[test]
fn every_listed_function_is_in_the_contract_and_few_are_left_to_hands() {
    let mut listed = BTreeSet::new();
    macro_rules! carry {
        (
            $(now { $($($now:ident $(as $js:literal)?),+: $args:tt -> $out:ident;)* })?
            $(later { $($later:ident: $later_args:tt -> $later_out:ident;)* })?
        ) => {
            $($($(
                #[allow(unused_mut, unused_assignments)]
                let mut name = camel(stringify!($now));
                $(name = $js.to_string();)?
                assert!(listed.insert(name), "{} twice", stringify!($now));
            )+)*)?
            $($(assert!(listed.insert(camel(stringify!($later))));)*)?
        };
    }
    strata_bindings::functions!(carry);
    let written = interface("Native");
    let unknown: Vec<_> = listed.difference(&written).collect();
    assert!(unknown.is_empty(), "not in native.ts: {unknown:?}");
    let by_hand: Vec<_> = written.difference(&listed).map(String::as_str).collect();
    let known =
        ["aliases", "cpuDevice", "hook", "noGrad", "prepareDataset", "setErrorClass", "storage"];
    assert_eq!(by_hand, known, "beyond these, a carrier writes nothing by hand");
}

#[test]
fn every_class_has_its_interfaces_methods() {
    let mut by_hand = Vec::new();
    macro_rules! carry {
        (
            class $name:ident as $native:ident
            $(now { $($now:ident: $args:tt -> $out:ident;)* })?
            $(later { $($later:ident: $later_args:tt -> $later_out:ident;)* })?
        ) => {
            let mut written = interface(stringify!($native));
            $($(assert!(written.remove(&camel(stringify!($now))), "{}", stringify!($now));)*)?
            $($(assert!(written.remove(&camel(stringify!($later))), "{}", stringify!($later));)*)?
            by_hand.extend(written);
        };
    }
    strata_bindings::classes!(carry);
    assert_eq!(by_hand, ["trainer", "outcome"]);
}
