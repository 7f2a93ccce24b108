//! The book itself: every page, link, figure, number and exact capture.

use mdbook_strata::{Press, Tree};
use std::path::Path;

#[test]
fn the_book_tells_the_truth() {
    let tree = Tree::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let book = tree.root().join("book");
    let checked = Press::new(tree, &book).check(|_| {}).unwrap_or_else(|error| panic!("\n{error}"));
    assert!(checked.pages > 10, "{checked:?}");
}
