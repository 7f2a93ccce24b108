//! A loss curve as SVG: training, validation, and the floor no model can beat.
//!
//! One file serves light and dark pages: the colours drawn are the light ones, and a style sheet in
//! the file exchanges them where the reader prefers dark.

use plotters::coord::Shift;
use plotters::prelude::*;
use std::error::Error;

const SIZE: (u32, u32) = (1200, 600);
const PAPER: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(36, 41, 47);
const FAINT: RGBColor = RGBColor(225, 228, 232);
const TRAIN: RGBColor = RGBColor(143, 179, 224);
const HELD_OUT: RGBColor = RGBColor(13, 71, 161);
const FLOOR: RGBColor = RGBColor(192, 57, 43);

/// Each colour of a light page and its twin on a dark one.
const DARK: [(&str, &str); 6] = [
    ("#FFFFFF", "#0D1117"),
    ("#24292F", "#E6EDF3"),
    ("#E1E4E8", "#2A313A"),
    ("#8FB3E0", "#3B5F8F"),
    ("#0D47A1", "#79B8FF"),
    ("#C0392B", "#FF7B72"),
];

/// At most so many points of the training loss are drawn; more are averaged.
const POINTS: usize = 600;

/// Larger numbers have no place on an axis: the library looks for its marks in steps that are lost
/// beside them, and without end. A log that somebody else wrote may hold any.
const LARGEST: f64 = 1e12;

/// Points of a curve: step and loss.
pub type Series = Vec<(f64, f64)>;

/// What a chart shows.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// What was trained, on what.
    pub title: String,
    /// Loss of each step's batch.
    pub train: Series,
    /// Loss on held-out text.
    pub validation: Series,
    /// The held-out text's entropy, where it is known.
    pub floor: Option<f64>,
}

impl Chart {
    /// The drawing.
    ///
    /// # Errors
    /// Nothing to draw, or the drawing library fails.
    pub fn svg(&self) -> Result<String, Box<dyn Error>> {
        let mut text = String::new();
        {
            let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            root.fill(&PAPER)?;
            self.draw(&root)?;
            root.present()?;
        }
        Ok(themed(&text))
    }

    fn draw(&self, root: &DrawingArea<SVGBackend, Shift>) -> Result<(), Box<dyn Error>> {
        let fits = |n: &f64| n.abs() <= LARGEST;
        let shown = |s: &Series| -> Series {
            s.iter().copied().filter(|(x, y)| fits(x) && fits(y)).collect()
        };
        let train = averaged(&shown(&self.train), POINTS);
        let validation = shown(&self.validation);
        let floor = self.floor.filter(fits);
        let points = || train.iter().chain(&validation);
        let last = points().map(|p| p.0).fold(1.0, f64::max);
        let top = points().map(|p| p.1).fold(floor.unwrap_or(0.0), f64::max).max(0.1) * 1.05;
        let mut chart = ChartBuilder::on(root)
            .caption(&self.title, ("sans-serif", 24).into_font().color(&INK))
            .margin(24)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..last, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .x_desc("step")
            .y_desc("loss, nats per token")
            .x_label_formatter(&|x| super::count(super::whole(*x)))
            .y_label_formatter(&|y| format!("{y:.1}"))
            .label_style(("sans-serif", 16).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 18).into_font().color(&INK))
            .draw()?;
        let line = |colour: RGBColor, width| ShapeStyle::from(colour).stroke_width(width);
        let key = move |colour: RGBColor, width| {
            move |(x, y)| PathElement::new([(x, y), (x + 24, y)], line(colour, width))
        };
        chart
            .draw_series(LineSeries::new(train.iter().copied(), line(TRAIN, 2)))?
            .label("training")
            .legend(key(TRAIN, 2));
        if let Some(floor) = floor {
            let ends = [(0.0, floor), (last, floor)];
            chart
                .draw_series(DashedLineSeries::new(ends, 8, 6, line(FLOOR, 2)))?
                .label(format!("floor {floor:.3}: the text's own entropy"))
                .legend(key(FLOOR, 2));
        }
        if let Some(&(_, end)) = validation.last() {
            chart
                .draw_series(LineSeries::new(validation.iter().copied(), line(HELD_OUT, 3)))?
                .label(format!("held out, {end:.3} at the end"))
                .legend(key(HELD_OUT, 3));
            let dots = validation.iter().map(|&p| Circle::new(p, 3, HELD_OUT.filled()));
            chart.draw_series(dots)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .margin(16)
            .legend_area_size(36)
            .background_style(PAPER)
            .border_style(FAINT)
            .label_font(("sans-serif", 17).into_font().color(&INK))
            .draw()?;
        Ok(())
    }
}

/// Means of runs of neighbours, so that a long curve stays a line and not a band.
fn averaged(points: &[(f64, f64)], most: usize) -> Series {
    let run = points.len().div_ceil(most).max(1);
    let mean = |part: &[(f64, f64)]| {
        let n = part.len() as f64;
        (part.iter().map(|p| p.0).sum::<f64>() / n, part.iter().map(|p| p.1).sum::<f64>() / n)
    };
    points.chunks(run).map(mean).collect()
}

/// The drawing with its style sheet: rules outrank the attributes that hold the light colours.
fn themed(svg: &str) -> String {
    let mut rules = String::from("text{font-family:system-ui,sans-serif}");
    rules.push_str("@media (prefers-color-scheme:dark){");
    for (light, dark) in DARK {
        for attribute in ["fill", "stroke"] {
            rules.push_str(&format!("[{attribute}=\"{light}\"]{{{attribute}:{dark}}}"));
        }
    }
    let style = format!("<style>{rules}}}</style>");
    match svg.split_once('>') {
        Some((head, rest)) => format!("{head}>{style}{rest}"),
        None => svg.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_names_its_axes_and_follows_the_page() {
        let train = (0..5000).map(|i| (i as f64, 8.0 / (1.0 + i as f64 / 100.0))).collect();
        let validation = vec![(1000.0, 3.0), (5000.0, 1.5), (6000.0, f64::NAN)];
        let chart = Chart { title: "t".into(), train, validation, floor: Some(1.2) };
        let svg = chart.svg().unwrap();
        for word in ["step", "nats per token", "training", "floor 1.200", "held out, 1.500"] {
            assert!(svg.contains(word), "{word}");
        }
        for (light, _) in DARK {
            assert!(svg.matches(light).count() > 2, "{light} is drawn and has a dark twin");
        }
    }

    /// A stranger's log.jsonl may hold any number.
    #[test]
    fn numbers_of_any_size_are_drawn() {
        let (most, least) = (f64::MAX, f64::MIN);
        for (x, y) in
            [(1.0, most), (1.0, least), (most, 1.0), (1.0, -1e12), (1e12, 1e12), (9.0, 1e17)]
        {
            let both = vec![(0.0, 1.0), (x, y)];
            for floor in [None, Some(y)] {
                let (train, validation) = (both.clone(), both.clone());
                let svg = Chart { title: "t".into(), train, validation, floor }.svg().unwrap();
                assert!(svg.len() < 1 << 20 && !svg.contains("NaN"), "{x} {y}");
            }
        }
    }

    #[test]
    fn an_empty_run_is_drawn_too() {
        assert!(Chart::default().svg().is_ok());
    }
}
