use super::app::{App, View, Wish};
use super::screen;
use crate::commands::practice::{Board, Row, State};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::path::Path;
use std::sync::OnceLock;
use strata_grader::catalog::{Exercise, Kind, Task};
use strata_grader::graded::Graded;
use strata_grader::home::Home;
use strata_grader::progress::Status;
use strata_grader::{Language, Verdict};

/// Exercises that nobody rewrites, so that the screens below stay as they are.
fn exercises() -> &'static [Exercise] {
    static EXERCISES: OnceLock<Vec<Exercise>> = OnceLock::new();
    EXERCISES.get_or_init(|| {
        let mut blocked = kernel("blocked", "Blocks that fit a cache");
        (blocked.kind, blocked.files, blocked.kernel) =
            (Kind::Rust, vec!["src/blocked.rs".into()], None);
        let mut tiled = kernel("tiled", "Tiles in shared memory");
        tiled.contract = Some(("matmul".into(), "3_tiled".into()));
        let mut hunt = kernel("nan", "The softmax that hated long rows");
        (hunt.bug, hunt.exercise) = (true, "ex06-loss".into());
        vec![
            exercise("ex03-matmul", "Matrix multiplication", vec![blocked, tiled]),
            exercise("ex06-loss", "The loss", vec![hunt]),
        ]
    })
}

fn exercise(name: &'static str, title: &str, tasks: Vec<Task>) -> Exercise {
    Exercise { name, title: title.into(), chapter: 3, page: "book/src/03-matmul.md".into(), tasks }
}

fn kernel(name: &str, title: &str) -> Task {
    Task {
        exercise: "ex03-matmul".into(),
        page: "book/src/03-matmul.md".into(),
        name: name.into(),
        title: title.into(),
        kind: Kind::Kernel,
        bug: false,
        minutes: 30,
        goal: "A naive product reads every number of a and b from global memory again for every \
               result that needs it. Let the 256 threads of a workgroup compute a tile of 16 x 16 \
               results together: they load a tile of a and a tile of b once, side by side, and each \
               reads what the others have loaded. Loading, waiting and summing are yours to write; \
               indices, edges and the epilogue are there."
            .into(),
        files: vec![format!("kernels/matmul/3_{name}.cu"), format!("shaders/matmul/3_{name}.wgsl")],
        entry: Some("matmul".into()),
        contract: None,
        kernel: Some(format!("matmul/3_{name}")),
        hints: ["A nudge.", "The idea, in words.", "Nearly the code."].map(String::from),
    }
}

/// A watch on them, at the second task.
fn app() -> App {
    // A folder that is not there: nothing is read, nothing written.
    let root = std::env::current_dir().unwrap().join("exercises");
    let home = Home { root, clone: None, outside: true };
    let rows = exercises().iter().flat_map(|exercise| {
        exercise.tasks.iter().map(move |task| {
            let by = task.languages().into_iter().map(|l| (l, Some(Status::Untouched))).collect();
            Row { exercise, task, state: State::Untouched, by, stale: None }
        })
    });
    let mut app = App::new(home, Board { rows: rows.collect(), warning: None }).unwrap();
    app.rows[0].state = State::Solved;
    app.at = 1;
    app
}

fn graded(language: Language, verdict: Option<Verdict>) -> Graded {
    let file = match language {
        Language::Cuda => "exercises/ex03-matmul/kernels/matmul/3_tiled.cu",
        _ => "exercises/ex03-matmul/shaders/matmul/3_tiled.wgsl",
    };
    Graded {
        exercise: "ex03-matmul".into(),
        task: "tiled".into(),
        language,
        file: file.into(),
        device: Some("wgpu:0 (llvmpipe)".into()),
        verdict,
        seconds: None,
        fingerprint: None,
        limits: None,
    }
}

const REPORT: &str = "\
ex03-matmul/tiled is wrong on wgpu:0 (llvmpipe)
  shapes     a [2, 2], b [2, 2] -> c [2, 2]
  differ     2 of 4 elements, at most by 16 at [0, 1]
             index        got       want  difference  tolerance  written by
             [0, 0]  5.000000  19.000000   14.000000   2.132e-5  workgroup (0, 0, 0), lane 0
             [0, 1]  6.000000  22.000000   16.000000   2.469e-5  workgroup (0, 0, 0), lane 1
  diagnosis  a barrier is missing: with one after line 57 the result is right. Who reads shared \
memory there, and who has written it by then?
  read       book/src/03-matmul.md
";

/// The app with this said of its task.
fn judged(state: State, verdict: Verdict) -> App {
    let mut app = app();
    let list = vec![graded(Language::Cuda, None), graded(Language::Wgsl, Some(verdict))];
    let key = ("ex03-matmul".to_string(), "tiled".to_string());
    app.words.insert(key, super::app::Word::Graded(list));
    app.rows[1].state = state;
    let status = if state == State::Solved { Status::Passed } else { Status::Failed };
    app.rows[1].by[1].1 = Some(status);
    app
}

fn wrong() -> App {
    judged(State::Failed, Verdict::rejected("missing-barrier", REPORT))
}

fn right() -> App {
    judged(State::Solved, Verdict::Passed { checks: 31 })
}

/// What is on a screen of this size.
fn seen(app: &mut App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen::draw(frame, app, true)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| -> String { (0..width).map(|x| buffer[(x, y)].symbol()).collect() };
    (0..height).map(|y| row(y).trim_end().to_string() + "\n").collect()
}

/// Compares a screen with the one in `screens/`; `STRATA_SCREENS=write` writes it anew.
fn same(name: &str, app: &mut App) {
    let got = seen(app, 88, 26);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands/watch/screens");
    let path = path.join(format!("{name}.txt"));
    if std::env::var("STRATA_SCREENS").is_ok_and(|word| word == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &got).unwrap();
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(got == want, "{name} looks different now:\n{got}\nit was:\n{want}");
}

fn press(app: &mut App, code: KeyCode) -> Wish {
    app.key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn screens_look_as_they_should() {
    same("begin", &mut app());
    same("wrong", &mut wrong());
    same("right", &mut right());
    let mut judging = wrong();
    judging.judging = Some("Compiling ex03-matmul v0.1.0".into());
    same("judging", &mut judging);
    let mut hint = wrong();
    hint.hint = 2;
    same("hint", &mut hint);
    let mut list = wrong();
    list.view = View::List(1);
    same("list", &mut list);
    let mut reset = wrong();
    reset.view = View::Reset;
    same("reset", &mut reset);
}

#[test]
fn no_size_of_window_is_too_small_or_too_large() {
    for mut app in [app(), wrong(), right()] {
        for view in [View::Task, View::List(2), View::Reset] {
            app.view = view;
            for (width, height) in [(1, 1), (3, 50), (39, 11), (40, 12), (80, 24), (250, 80)] {
                let _ = seen(&mut app, width, height);
            }
        }
    }
    assert!(seen(&mut app(), 30, 10).contains("too small"));
}

#[test]
fn a_long_report_scrolls_to_its_end_and_no_further() {
    let mut app = wrong();
    let first = seen(&mut app, 60, 16);
    assert!(first.contains("more lines"), "{first}");
    press(&mut app, KeyCode::End);
    let last = seen(&mut app, 60, 16);
    assert!(last.contains("your file") && last.contains("↑ end"), "{last}");
    let end = app.scroll;
    press(&mut app, KeyCode::Down);
    seen(&mut app, 60, 16);
    assert_eq!(app.scroll, end);
    press(&mut app, KeyCode::Home);
    assert_eq!(seen(&mut app, 60, 16), first);
}

#[test]
fn what_is_longer_than_any_terminal_is_not_put_on_a_rule() {
    for columns in [65_532, 65_534, 65_536, 65_540] {
        let mut app = app();
        (app.view, app.judging) = (View::List(0), Some("Ж".repeat(columns)));
        assert!(!seen(&mut app, 60, 16).contains('Ж'), "{columns}");
    }
}

#[test]
fn keys_lead_from_task_to_task() {
    let mut app = app();
    press(&mut app, KeyCode::Char('n'));
    assert_eq!(app.row().task.name, "nan");
    press(&mut app, KeyCode::Char('n'));
    assert_eq!(app.row().task.name, "tiled", "round again, past what is solved");
    press(&mut app, KeyCode::Char('p'));
    assert_eq!(app.row().task.name, "blocked", "back goes anywhere");
    press(&mut app, KeyCode::Char('p'));
    assert!(app.note.is_some());
    press(&mut app, KeyCode::Char('l'));
    press(&mut app, KeyCode::End);
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.row().task.name.as_str(), app.view), ("nan", View::Task));
    app.rows.iter_mut().for_each(|row| row.state = State::Solved);
    press(&mut app, KeyCode::Char('n'));
    assert_eq!(app.row().task.name, "nan");
    assert!(matches!(press(&mut app, KeyCode::Char('q')), Wish::Leave));
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(matches!(app.key(control), Wish::Leave));
}

#[test]
fn only_what_is_begun_is_judged() {
    let mut app = app();
    assert!(matches!(press(&mut app, KeyCode::Char('r')), Wish::Nothing));
    assert!(app.note.take().is_some());
    press(&mut app, KeyCode::Char('x'));
    assert_eq!(app.view, View::Task, "there is nothing to reset");
    app.rows[1].state = State::Failed;
    match press(&mut app, KeyCode::Char('r')) {
        Wish::Judge(jobs) => assert_eq!(jobs[0].task.unwrap().name, "tiled"),
        other => panic!("{other:?}"),
    }
    match press(&mut app, KeyCode::Char('c')) {
        Wish::Judge(jobs) => {
            let names: Vec<_> = jobs.iter().map(|j| (j.exercise.name, j.task.is_none())).collect();
            assert_eq!(names, [("ex03-matmul", true)]);
        }
        other => panic!("{other:?}"),
    }
    app.view = View::Task;
    press(&mut app, KeyCode::Char('x'));
    assert_eq!(app.view, View::Reset);
    press(&mut app, KeyCode::Char('n'));
    assert_eq!((app.view, app.at), (View::Task, 1), "no is no, and nothing else");
}
