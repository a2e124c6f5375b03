//! Layers probed side by side.
//!
//! Within a layer there is much that one thread does alone, and products with few
//! columns wait for memory: several layers in hand keep all threads at work. What
//! comes of each does not depend on the others.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does every job, at most `at_once` of them at a time on the pool's threads, and
/// hands what came of each to `take` on this one, as they end. After a first error
/// no job is begun; what is under way is still taken.
///
/// # Errors
/// The first of a job or of `take`.
pub(super) fn side_by_side<J: Sync, T: Send, E: Send>(
    jobs: &[J],
    at_once: usize,
    job: impl Fn(&J) -> Result<T, E> + Sync,
    mut take: impl FnMut(&J, T) -> Result<(), E>,
) -> Result<(), E> {
    // a thread of the pool would wait for itself
    if at_once.min(jobs.len()) < 2 || rayon::current_thread_index().is_some() {
        return jobs.iter().try_for_each(|each| take(each, job(each)?));
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::channel();
    let mut ended = Ok(());
    rayon::in_place_scope(|scope| {
        for _ in 0..at_once.min(jobs.len()) {
            let (send, job, next, failed) = (send.clone(), &job, &next, &failed);
            scope.spawn(move |_| {
                while !failed.load(Ordering::SeqCst) {
                    let Some(each) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) else {
                        break;
                    };
                    let found = job(each);
                    if found.is_err() {
                        failed.store(true, Ordering::SeqCst);
                    }
                    if send.send((each, found)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        for (each, found) in receive {
            let taken = found.and_then(|found| take(each, found));
            if taken.is_err() {
                failed.store(true, Ordering::SeqCst);
            }
            if ended.is_ok() {
                ended = taken;
            }
        }
    });
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_however_many_at_once() {
        let jobs: Vec<u64> = (0..40).collect();
        for at_once in [1, 3, 100] {
            let running = AtomicUsize::new(0);
            let mut found = Vec::new();
            let job = |each: &u64| {
                let before = running.fetch_add(1, Ordering::SeqCst);
                assert!(before < at_once, "{before} of {at_once}");
                std::thread::sleep(std::time::Duration::from_millis(1));
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, String>(each * each)
            };
            let taken = side_by_side(&jobs, at_once, job, |each, square| {
                assert_eq!(each * each, square);
                found.push(*each);
                Ok(())
            });
            assert_eq!(taken, Ok(()));
            found.sort_unstable();
            assert_eq!(found, jobs, "{at_once}");
        }
    }

    #[test]
    fn the_first_error_ends_it_and_what_was_done_is_taken() {
        let jobs: Vec<usize> = (0..1000).collect();
        for at_once in [1, 2] {
            let mut taken = 0;
            let job = |each: &usize| match each {
                7 => Err("the seventh"),
                each => Ok(*each),
            };
            let ended = side_by_side(&jobs, at_once, job, |_, _| {
                taken += 1;
                Ok(())
            });
            assert_eq!(ended, Err("the seventh"));
            assert!((7..1000).contains(&taken), "{taken}");
            let ended = side_by_side(&jobs, at_once, |each| Ok(*each), |_, _| Err("full"));
            assert_eq!(ended, Err("full"));
        }
    }

    #[test]
    fn a_pool_of_one_thread_does_not_wait_for_itself() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
        let sum = pool.build().unwrap().install(|| {
            let mut sum = 0;
            let job = |each: &i32| Ok::<_, ()>(*each);
            side_by_side(&[1, 2, 3], 2, job, |_, each| {
                sum += each;
                Ok(())
            })
            .map(|()| sum)
        });
        assert_eq!(sum, Ok(6));
    }
}
