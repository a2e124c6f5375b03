use super::exit::Usage;
use crate::activations::NotEnough;
use crate::foreign::ForeignError;

/// Sets the number of threads for everything that follows.
pub fn set(threads: Option<usize>) -> anyhow::Result<()> {
    let Some(threads) = threads else {
        return Ok(());
    };
    if !(1..=1024).contains(&threads) {
        return Err(Usage(format!("--threads {threads}: give a number from 1 to 1024")).into());
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    Ok(())
}

/// What is planned for all threads; where memory is short of them, the refusal names how
/// many would do.
pub fn planned<T>(plan: impl Fn(usize) -> Result<T, ForeignError>) -> Result<T, ForeignError> {
    let all = rayon::current_num_threads();
    plan(all).map_err(|error| match error {
        ForeignError::Memory(refused) => ForeignError::Memory(NotEnough {
            threads: (1..all).rev().find(|&fewer| plan(fewer).is_ok()),
            ..refused
        }),
        error => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryLimit;

    /// Refuses more threads than `most`, where there are eight.
    fn refusal(most: usize) -> Option<String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(8);
        let plan = |threads: usize| match threads <= most {
            true => Ok(()),
            false => Err(ForeignError::Memory(NotEnough {
                layer: "fc1".to_owned(),
                how: "with its activations on disk",
                stimuli: 10,
                dims: 20,
                needed: 30,
                limit: MemoryLimit::new(20),
                threads: None,
            })),
        };
        let planned = pool.build().unwrap().install(|| planned(plan));
        planned.err().map(|refused| refused.to_string())
    }

    #[test]
    fn a_refusal_names_the_threads_that_would_do() {
        assert_eq!(refusal(8), None);
        assert!(refusal(3).unwrap().contains(", use --threads 3, or"));
        assert!(!refusal(0).unwrap().contains("--threads"));
    }
}
