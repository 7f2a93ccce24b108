//! Every kernel that a reader could be given or could write on the way passes what a reader's kernel
//! must pass: the solutions, the stubs made from them, and the wrong answers.
use strata_grader::{Language, catalog, stub, wrong};
use strata_ml::device::{expand_wgsl, vet};

#[test]
fn solutions_stubs_and_wrong_answers_pass() {
    let (mut seen, mut failures) = (0, Vec::new());
    for exercise in catalog::exercises() {
        for task in &exercise.tasks {
            let wrongs = wrong::wrongs(task).expect("they are well-formed");
            let kernels = [Language::Wgsl, Language::Cuda];
            let files = kernels.iter().flat_map(|&l| task.files_in(l).map(move |file| (l, file)));
            for (language, file) in files {
                let solution = catalog::solution_file(exercise.name, file).expect("it is there");
                let mut texts = vec![
                    ("the solution", stub::clean(file, solution).expect("its markers are sound")),
                    ("the stub", stub::stub(file, solution).expect("its markers are sound")),
                ];
                for wrong in &wrongs {
                    if let Some(text) = wrong.apply(file, solution).expect("its edits fit") {
                        texts.push((wrong.name.as_str(), text));
                    }
                }
                for (what, text) in texts {
                    seen += 1;
                    if let Err(fault) = passes(language, file, &text) {
                        failures.push(format!("{} {file}, {what}: {fault}", exercise.name));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(seen > 100, "only {seen} kernels were found");
}

fn passes(language: Language, file: &str, text: &str) -> Result<(), String> {
    match language {
        Language::Cuda => vet::cuda(text, strata_kernels::INCLUDES).map_err(|f| f.to_string()),
        _ => {
            let loaded = expand_wgsl(file.into(), text, strata_shaders::INCLUDES, &[]);
            vet::wgsl(&loaded.map_err(|e| e.to_string())?.text).map_err(|f| f.to_string())
        }
    }
}
