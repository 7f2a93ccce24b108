//! Tokenizer files that were changed at random.
use super::*;

/// A change somewhere in a file: a value replaced, a key renamed, an element doubled or taken away.
#[derive(Clone, Debug)]
enum Change {
    Put(Value),
    Remove,
    Double,
    Rename(String),
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..400).prop_map(Value::from),
        any::<f64>().prop_map(|x| json!(x)),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["a", "b"])),
    ];
    prop_oneof![
        4 => value.prop_map(Change::Put),
        2 => Just(Change::Remove),
        1 => Just(Change::Double),
        1 => "\\PC{0,6}".prop_map(Change::Rename),
    ]
}

/// Walks down the file by these turns and changes what is there.
fn apply(value: &mut Value, turns: &[prop::sample::Index], change: &Change) {
    let Some((turn, rest)) = turns.split_first() else { return };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(turn.index(map.len())).unwrap().clone();
            let inner = &map[&key];
            let deeper = inner.is_object() || inner.is_array();
            if deeper && !rest.is_empty() {
                return apply(&mut map[&key], rest, change);
            }
            match change {
                Change::Put(new) => drop(map.insert(key, new.clone())),
                Change::Remove => drop(map.remove(&key)),
                Change::Double => {
                    let copy = map[&key].clone();
                    map.insert(format!("{key}{key}"), copy);
                }
                Change::Rename(name) => {
                    let old = map.remove(&key).unwrap();
                    map.insert(name.clone(), old);
                }
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let at = turn.index(list.len());
            if (list[at].is_object() || list[at].is_array()) && !rest.is_empty() {
                return apply(&mut list[at], rest, change);
            }
            match change {
                Change::Put(new) => list[at] = new.clone(),
                Change::Remove => drop(list.remove(at)),
                Change::Double => {
                    let copy = list[at].clone();
                    list.insert(at, copy);
                }
                Change::Rename(_) => list.reverse(),
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_changed_file_is_an_error_or_a_tokenizer(
        chars in any::<bool>(),
        changes in prop::collection::vec(
            (prop::collection::vec(any::<prop::sample::Index>(), 1..4), change()), 1..4),
    ) {
        let mut file = if chars { characters("Once upon a time. é") } else { small().clone() };
        changes.iter().for_each(|(turns, change)| apply(&mut file, turns, change));
        match Tokenizer::from_json(&file.to_string()) {
            Ok(tokenizer) => exercise(&tokenizer),
            Err(error) => prop_assert!(error.to_string().len() < 1500, "{}", error),
        }
    }
}
