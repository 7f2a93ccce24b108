use super::*;
use std::collections::HashSet;

const CLASSES: [&str; 15] = [
    "cell", "fill-0", "fill-1", "fill-2", "fill-3", "fill-4", "ghost", "head", "ink", "line",
    "mono", "on", "small", "soft", "strong",
];

/// What stands between `open` and `close`, for each place where it does.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(inner, _)| inner)
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let start = tag.split_once(&format!("{name}=\"")).map_or("", |(_, rest)| rest);
    start.split_once('"').map_or("", |(value, _)| value)
}

/// Left, top, right and bottom of each text of a drawing, and what it says.
fn texts(body: &str) -> Vec<([f64; 4], String)> {
    let mut found = Vec::new();
    for tag in between(body, "<text ", "</text>") {
        let Some((tag, words)) = tag.split_once('>') else { continue };
        let class = attribute(tag, "class");
        let em = if class.contains("small") { 13.0 } else { 15.0 };
        // Prose is narrower than that; what is monospaced is not.
        let letters = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let letter = if class.contains("mono") { 0.6 } else { 0.56 };
        let width = letter * em * letters.chars().count() as f64;
        let (x, y) = (attribute(tag, "x").parse::<f64>(), attribute(tag, "y").parse::<f64>());
        let (x, y) = (x.unwrap_or(f64::NAN), y.unwrap_or(f64::NAN));
        let left = match attribute(tag, "text-anchor") {
            "end" => x - width,
            "middle" => x - width / 2.0,
            _ => x,
        };
        found.push(([left, y - 0.7 * em, left + width, y + 3.0], words.to_string()));
    }
    found
}

fn inside(text: &[f64; 4], place: &[f64]) -> bool {
    let (left, top) = (place[0], place[1]);
    let (right, bottom) = (left + place[2], top + place[3]);
    text[0] >= left - 1.0 && text[2] <= right + 1.0 && text[1] >= top && text[3] <= bottom
}

#[test]
fn figures_are_told_and_stay_inside() {
    let mut names = HashSet::new();
    for figure in &FIGURES {
        let name = figure.name;
        assert!(names.insert(name), "{name} twice");
        let html = (figure.draw)().inline(0);
        let title = between(&html, "-title\">", "</title>").next().unwrap_or_default();
        let text = between(&html, "-text\">", "</desc>").next().unwrap_or_default();
        assert!(!title.is_empty() && text.chars().count() > 60, "{name}: {title}, {text}");
        assert!(attribute(&html, "aria-labelledby").starts_with(&format!("{name}-0-title")));
        let size = |svg: &str| -> Vec<f64> {
            attribute(svg, "viewBox").split(' ').flat_map(str::parse).collect()
        };
        let body = html.split_once("</desc>").map_or("", |(_, body)| body);
        let (whole, narrow) = body.split_once("</svg>").unwrap_or_default();
        for class in between(whole, "class=\"", "\"").flat_map(str::split_whitespace) {
            assert!(CLASSES.contains(&class) || class == "drawn", "{name}: class {class}");
        }
        let whole = texts(whole);
        for (place, words) in &whole {
            assert!(inside(place, &size(&html)), "{name}: {words} at {place:?}");
        }
        let pieces: Vec<&str> = between(narrow, "<svg ", "</svg>").collect();
        for piece in &pieces {
            let size = size(piece);
            // Wider ones would have to shrink too far on a phone.
            assert!(size[2] <= 500.0, "{name}: a piece of {}", size[2]);
            for (place, words) in texts(piece) {
                assert!(inside(&place, &size), "{name}, narrow: {words} at {place:?}");
            }
        }
        if pieces.iter().any(|piece| piece.contains("<use ")) {
            for (place, words) in &whole {
                let shown = pieces.iter().any(|piece| inside(place, &size(piece)));
                assert!(shown, "{name}: no piece shows {words}, {place:?}");
            }
        }
    }
}

#[test]
fn drawings_say_what_they_show() {
    let mut svg = Svg::new("x", 10.0, 20.5, "A & B", "One cell.");
    svg.cell(0.0, 0.0, 10.0, "fill-1", "<");
    svg.arrow((0.0, 2.50), (10.0, 2.50), 0.0);
    let html = svg.inline(3);
    assert!(html.contains("aria-labelledby=\"x-3-title x-3-text\""), "{html}");
    assert!(html.contains("A &amp; B") && html.contains("&lt;") && !html.contains("<style>"));
    assert!(html.contains("M0 2.5Q5 2.5 10 2.5"), "{html}");
    assert!(svg.stand_alone().contains("<style>"));
}
