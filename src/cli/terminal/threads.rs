use super::exit::Usage;

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
