/// The files that a `SUMMARY.md` links to, in its order.
fn names(summary: &str) -> Vec<&str> {
    let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter(|name| name.ends_with(".md")).collect()
}
