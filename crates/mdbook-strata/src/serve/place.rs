//! Which file of the site a request's path means: by its words alone first, then on the disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The longest path that is looked at; the site's longest has some 40 bytes.
const LONGEST: usize = 1024;

/// What a path means.
#[derive(Debug)]
pub(super) enum Place {
    /// A file, open, with its length.
    File { file: File, length: u64, kind: &'static str },
    /// A folder that was asked for without the slash at its end.
    Folder,
    /// Nothing that is served.
    Nothing,
}

/// Names that Windows takes for devices, whatever folder they stand in and whatever follows a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// The path below the site that a request names, in parts; `None` if it is none that a site can have.
/// The rules are those of all systems at once, so that a book behaves alike on each.
pub(super) fn parts(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').filter(|path| path.len() < LONGEST)?;
    if path.is_empty() {
        return Some(Vec::new());
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    // Taken apart before it is decoded: an encoded slash is a letter of a name, and no name has it.
    path.split('/').map(|part| decoded(part).filter(|name| harmless(name))).collect()
}

/// `%41` as `A`; `None` where a percent sign is followed by something else, or no text comes out.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match byte {
            b'%' => {
                let code = digit(rest.next())? * 16 + digit(rest.next())?;
                bytes.push(u8::try_from(code).ok()?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether a name is one that only a file or folder below this one can have.
fn harmless(name: &str) -> bool {
    let odd = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    // Hidden files, `.` and `..` begin with a dot; Windows drops dots and spaces at the end.
    let edges = name.is_empty() || name.starts_with('.') || name.ends_with(['.', ' ']);
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
    let port = numbered.is_some_and(|n| n.chars().count() == 1 && n.chars().all(char::is_numeric));
    !(edges || name.len() > 255 || name.contains(odd) || port || DEVICES.contains(&stem.as_str()))
}

/// Opens what a path means. Links are followed as long as they stay in the site; only plain files are
/// opened, since a pipe would keep us waiting.
pub(super) fn find(site: &Path, path: &str) -> Place {
    let Some(parts) = parts(path) else { return Place::Nothing };
    let Some((root, there)) = canonical(site, &parts) else { return Place::Nothing };
    match there.metadata() {
        Ok(found) if found.is_dir() && !path.ends_with('/') => Place::Folder,
        Ok(found) if found.is_dir() => open(&root, &there.join("index.html")),
        Ok(_) if !path.ends_with('/') => open(&root, &there),
        _ => Place::Nothing,
    }
}

/// The site and what lies in it, both without links; `None` if that is not in it.
fn canonical(site: &Path, parts: &[String]) -> Option<(PathBuf, PathBuf)> {
    let root = fs::canonicalize(site).ok()?;
    let there = fs::canonicalize(parts.iter().fold(root.clone(), |path, part| path.join(part)));
    let there = there.ok().filter(|there| there.starts_with(&root))?;
    Some((root, there))
}

fn open(root: &Path, path: &Path) -> Place {
    let found = || {
        let path = fs::canonicalize(path).ok().filter(|path| path.starts_with(root))?;
        path.metadata().ok().filter(fs::Metadata::is_file)?;
        let file = File::open(&path).ok()?;
        // What was opened may be another one than what was looked at.
        let length = file.metadata().ok().filter(fs::Metadata::is_file)?.len();
        Some(Place::File { file, length, kind: kind(&path) })
    };
    found().unwrap_or(Place::Nothing)
}

fn kind(file: &Path) -> &'static str {
    let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    match ending.as_str() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "txt" | "md" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_before_they_are_decoded() {
        assert_eq!(parts("/").unwrap(), [""; 0]);
        assert_eq!(parts("/css/general.css").unwrap(), ["css", "general.css"]);
        assert_eq!(parts("/a%20b/%C3%A9.html").unwrap(), ["a b", "é.html"]);
        assert_eq!(parts("/console.js").unwrap(), ["console.js"]);
        for bad in [
            "",
            "*",
            "index.html",
            "//",
            "//x",
            "/a//b",
            "/..",
            "/../x",
            "/a/../b",
            "/./x",
            "/.git/config",
            "/%2e%2e/x",
            "/%2E./x",
            "/..%2fx",
            "/..%5cx",
            "/..\\x",
            "/a%2fb",
            "/a%00.html",
            "/%",
            "/%4",
            "/%zz",
            "/%ff",
            "/%+1",
            "/C:/x",
            "/c%3a",
            "/index.html::$DATA",
            "/nul",
            "/NUL.html",
            "/con",
            "/aux.txt/x",
            "/com1",
            "/LPT9.css",
            "/com%C2%B9",
            "/conin$",
            "/x.",
            "/x%20",
            "/a%0d%0ab",
            "/a?b",
        ] {
            assert!(parts(bad).is_none(), "{bad}");
        }
        assert!(parts(&format!("/{}", "a".repeat(256))).is_none());
        assert!(parts(&format!("/{}", "a/".repeat(600))).is_none());
    }

    #[test]
    fn only_files_of_the_site_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        fs::create_dir_all(site.join("css")).unwrap();
        fs::create_dir_all(folder.path().join("site-2")).unwrap();
        for (file, text) in [
            ("site/index.html", "front"),
            ("site/css/a.css", "a{}"),
            ("secret", "s"),
            ("site-2/x", "x"),
        ] {
            fs::write(folder.path().join(file), text).unwrap();
        }
        let length = |path: &str| match find(&site, path) {
            Place::File { length, .. } => Some(length),
            _ => None,
        };
        assert_eq!(length("/"), Some(5));
        assert_eq!(length("/index.html"), Some(5));
        assert_eq!(length("/css/a.css"), Some(3));
        assert!(matches!(find(&site, "/css"), Place::Folder));
        for none in
            ["/css/", "/css/a.css/", "/none.html", "/../secret", "/../site-2/x", "/%2e%2e/secret"]
        {
            assert_eq!(length(none), None, "{none}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_and_pipes_are_nothing() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        fs::create_dir_all(site.join("in")).unwrap();
        fs::write(folder.path().join("secret"), "s").unwrap();
        fs::write(site.join("a.css"), "a").unwrap();
        symlink(site.join("a.css"), site.join("in/b.css")).unwrap();
        symlink(folder.path().join("secret"), site.join("in/secret.css")).unwrap();
        symlink(folder.path().join("secret"), site.join("in/index.html")).unwrap();
        symlink(folder.path(), site.join("out")).unwrap();
        symlink("loop", site.join("loop")).unwrap();
        symlink("/dev/zero", site.join("zero")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(site.join("pipe")).status();
        assert!(made.unwrap().success());
        assert!(matches!(find(&site, "/in/b.css"), Place::File { length: 1, .. }));
        for none in
            ["/in/secret.css", "/in/", "/out/secret", "/out/site/a.css", "/loop", "/zero", "/pipe"]
        {
            // A link that comes back into the site is as good as none.
            let back = none == "/out/site/a.css";
            assert_eq!(matches!(find(&site, none), Place::Nothing), !back, "{none}");
        }
    }
}
