use super::ladder::{self, Left};
use super::{Against, Ceilings, KernelRow, Measurements, Row, Stamp, Step};
use std::fmt;

/// `1.234 ms`: four digits and a unit that suits.
fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "us"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s "),
    };
    format!("{value:.*} {unit}", digits(value))
}

/// Digits behind the point that make three or four in all.
fn digits(value: f64) -> usize {
    match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    }
}

fn giga(per_second: f64) -> String {
    let value = per_second / 1e9;
    format!("{value:.*}", digits(value))
}

fn count(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Rows of text, aligned: the first `left` columns at their left, the others at their right.
fn table(f: &mut fmt::Formatter<'_>, left: usize, rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(c, (text, &width))| match c < left {
            true => format!("{text:width$}"),
            false => format!("{text:>width$}"),
        });
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn strings<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

impl fmt::Display for Measurements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        who(f, &self.stamp)?;
        let Measurements { batch, context, precision, .. } = self;
        writeln!(f, "gpt-12m, batch {batch}, context {context}, in {precision}")?;
        ceilings(f, &self.ceilings)?;
        if !self.rows.is_empty() {
            writeln!(f)?;
            rungs(f, &self.rows.iter().collect::<Vec<_>>())?;
        }
        if let Some(step) = &self.step {
            writeln!(f)?;
            whole(f, step)?;
        }
        if let Some(profile) = &self.profile {
            writeln!(f, "\none step, launch by launch:")?;
            kernels(f, profile)?;
        }
        for line in &self.skipped {
            writeln!(f, "\nSKIPPED: {line}")?;
        }
        for line in &self.failed {
            writeln!(f, "\nFAIL: {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ladder::Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        who(f, &self.stamp)?;
        writeln!(f, "in {}", self.precision)?;
        ceilings(f, &self.ceilings)?;
        let rows: Vec<&Row> = self.rows.iter().map(|point| &point.row).collect();
        if !rows.is_empty() {
            writeln!(f)?;
            rungs(f, &rows)?;
            writeln!(f, "each rung was compared with the oracle first, on small shapes")?;
        }
        if !self.skipped.is_empty() {
            writeln!(f)?;
        }
        for Left { op, rung, size, reason, .. } in &self.skipped {
            let size = size.map_or(String::new(), |size| format!(" at {size}"));
            writeln!(f, "SKIPPED: {op} {rung}{size}: {reason}")?;
        }
        for line in &self.failed {
            writeln!(f, "\nFAIL: {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Against { file, precision, device, devices, .. } = self;
        writeln!(f, "against {file} in {precision}:")?;
        if !self.same_device {
            let theirs =
                if devices.is_empty() { "nobody knows what".into() } else { devices.join(", ") };
            writeln!(
                f,
                "that was measured on {theirs}, this on {device}: the ratios compare machines, too"
            )?;
        }
        if !self.rows.is_empty() {
            let mut lines = vec![strings(["op", "rung", "shape", "ours", "theirs", "ratio", "by"])];
            lines.extend(self.rows.iter().map(|row| {
                vec![
                    row.op.clone(),
                    row.rung.clone(),
                    row.shape.clone(),
                    time(row.seconds),
                    time(row.their_seconds),
                    format!("{:.2}", row.ratio),
                    row.by.clone(),
                ]
            }));
            table(f, 3, &lines)?;
            writeln!(f, "ratio: our time over theirs")?;
        }
        for (op, shape, others) in &self.alone {
            let others = match others.is_empty() {
                true => String::new(),
                false => format!(" in {precision}, but in {}", others.join(", ")),
            };
            writeln!(f, "no counterpart: {op} of {shape}{others}")?;
        }
        match self.theirs_alone {
            0 => Ok(()),
            n => writeln!(f, "{n} rows there in {precision} have no counterpart here"),
        }
    }
}

fn who(f: &mut fmt::Formatter<'_>, stamp: &Stamp) -> fmt::Result {
    let device = &stamp.device;
    writeln!(f, "{}: {}, {}", device.machine, device.name, device.driver)?;
    writeln!(f, "{}, strata {}, commit {}", stamp.date, stamp.version, stamp.commit)?;
    match &stamp.note {
        Some(note) => writeln!(f, "{note}"),
        None => Ok(()),
    }
}

fn ceilings(f: &mut fmt::Formatter<'_>, top: &Ceilings) -> fmt::Result {
    let streams = &top.bytes_per_second;
    let [copy, sum, update, fill] =
        [streams.copy, streams.sum, streams.update, streams.fill].map(giga);
    writeln!(f, "ceilings: copy {copy}, sum {sum}, update {update}, fill {fill} GB/s")?;
    let peak = top.peak_flops_per_second.map_or(String::new(), |peak| {
        let part = 100.0 * top.flops_per_second / peak;
        format!(", {part:.0}% of the {} that its maker promises", giga(peak))
    });
    writeln!(f, "          matmul {} GFLOP/s ({}){peak}", giga(top.flops_per_second), top.matmul)
}

fn rungs(f: &mut fmt::Formatter<'_>, rows: &[&Row]) -> fmt::Result {
    let mut lines =
        vec![strings(["op", "rung", "shape", "time", "GB/s", "GFLOP/s", "share", "of", "light"])];
    let mut last = ("", "");
    for row in rows {
        // An op's name once, a shape once for all its rungs.
        let op = if row.op == last.0 { "" } else { row.op };
        let shape = if (row.op, row.shape.as_str()) == last { "" } else { &row.shape };
        last = (row.op, &row.shape);
        let share = format!("{:.0}%{}", 100.0 * row.share, if row.suspect { " !" } else { "" });
        let (bytes, flops) = (row.bytes / row.seconds, row.flops / row.seconds);
        lines.push(vec![
            op.into(),
            row.rung.into(),
            shape.into(),
            time(row.seconds),
            giga(bytes),
            giga(flops),
            share,
            row.ceiling.into(),
            format!("{:.0}%", 100.0 * row.light),
        ]);
    }
    table(f, 3, &lines)?;
    writeln!(
        f,
        "share: of what memory streams of the same size do, or of the best matrix product\n\
         light: of the machine's speed of light, a copy beyond all caches or that product"
    )?;
    if rows.iter().any(|r| r.suspect) {
        writeln!(
            f,
            "!: above its ceiling, which means a mistake in the benchmark, not a good kernel"
        )?;
    }
    Ok(())
}

fn whole(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    writeln!(
        f,
        "training step of {} in {}: {}, {} tokens/s, {} GFLOP/s ({:.0}% of matmul), {} MiB on the device",
        step.preset,
        step.precision,
        time(step.seconds).trim_end(),
        count(step.tokens_per_second),
        giga(step.flops_per_second),
        100.0 * step.share,
        count(step.memory_bytes as f64 / f64::from(1 << 20))
    )
}

fn kernels(f: &mut fmt::Formatter<'_>, rows: &[KernelRow]) -> fmt::Result {
    let mut lines =
        vec![strings(["kernel", "launches", "time", "part", "GB/s", "GFLOP/s", "share"])];
    for row in rows {
        lines.push(vec![
            row.kernel.clone(),
            row.launches.to_string(),
            time(row.seconds),
            format!("{:.1}%", 100.0 * row.part),
            giga(row.bytes_per_second),
            giga(row.flops_per_second),
            format!("{:.0}%", 100.0 * row.share),
        ]);
    }
    table(f, 1, &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        assert_eq!(time(1.234e-6), "1.23 us");
        assert_eq!(time(0.0456), "45.6 ms");
        assert_eq!(time(12.0), "12.0 s ");
        assert_eq!(giga(123.4e9), "123");
        assert_eq!(count(1_234_567.4), "1,234,567");
    }
}
