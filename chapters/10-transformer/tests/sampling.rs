//! Draws at the edges: infinities, NaN, masked tokens, no logits at all.
use strata_device::random::Stream;
use strata_device::testing::testing_devices;
use strata_transformer::{Generator, Gpt, GptConfig, Sampling};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

fn draws(sampling: Sampling, logits: &[f32]) -> Vec<u32> {
    let mut random = Stream::new(1, 0);
    (0..200).map(|_| sampling.draw(logits, &mut random)).collect()
}

fn temperatures() -> impl Iterator<Item = Sampling> {
    let warm = |temperature| Sampling { temperature, ..Sampling::default() };
    [0.0, 1e-30, 0.5, 1.0, 100.0].into_iter().map(warm)
}

#[test]
fn an_infinite_logit_wins_and_several_share() {
    for sampling in temperatures() {
        for sampling in
            [sampling, Sampling { top_k: 2, ..sampling }, Sampling { top_p: 0.9, ..sampling }]
        {
            assert_eq!(draws(sampling, &[1.0, INF, 2.0]), [1; 200], "{sampling:?}");
        }
        let two = draws(sampling, &[1.0, INF, NAN, INF, -INF]);
        assert!(two.iter().all(|t| t % 2 == 1), "{sampling:?}");
        assert!(sampling.temperature == 0.0 || [1, 3].iter().all(|t| two.contains(t)));
    }
}

#[test]
fn what_is_masked_or_nan_is_never_drawn() {
    for sampling in temperatures() {
        assert_eq!(draws(sampling, &[-INF, 0.0, -INF, NAN]), [1; 200], "{sampling:?}");
        assert!(draws(sampling, &[NAN, -INF, NAN, -INF]).iter().all(|t| t % 2 == 1));
        let both = draws(sampling, &[NAN, 3.0, NAN, 3.0, f32::MIN]);
        assert!(both.iter().all(|t| t % 2 == 1), "{sampling:?}");
    }
    let warm = Sampling::default();
    assert_eq!(draws(warm, &[f32::MIN, f32::MAX]), [1; 200]);
    // Zero has two signs and is one number: the first wins.
    assert_eq!(draws(Sampling { temperature: 0.0, ..warm }, &[-1.0, -0.0, 0.0]), [1; 200]);
}

#[test]
fn no_logits_are_no_panic() {
    for sampling in temperatures() {
        for (top_k, top_p) in [(0, 1.0), (3, 1.0), (0, 0.5), (usize::MAX, 1e-6)] {
            let sampling = Sampling { top_k, top_p, ..sampling };
            for logits in [&[][..], &[NAN], &[NAN; 5]] {
                assert_eq!(draws(sampling, logits), [0; 200]);
            }
        }
    }
}

/// A generator can say it: it reads no token that nobody drew.
#[test]
fn a_generator_draws_from_numbers_only() {
    for device in testing_devices() {
        let model = Gpt::new(&GptConfig::preset("gpt-nano").unwrap(), &device, 1).unwrap();
        let mut generator = Generator::new(&model, Sampling::default()).unwrap();
        let logits = generator.read(&[1, 2]).unwrap();
        for bad in [&[][..], &[NAN], &[NAN; 512]] {
            let said = generator.next(bad).unwrap_err().to_string();
            assert!(said.contains("no logit is a number"), "{said}");
        }
        assert_eq!(generator.tokens(), [1, 2]);
        let (token, _) = generator.next(&logits).unwrap();
        assert_eq!(generator.tokens(), [1, 2, token]);
        assert!(generator.read(&[]).is_err());
        let beyond = u32::try_from(model.config().vocab_size).unwrap();
        for bad in [beyond, u32::MAX, (-7i32).cast_unsigned()] {
            let said = generator.read(&[bad]).unwrap_err().to_string();
            assert!(said.contains(&bad.to_string()), "{said}");
        }
    }
}
