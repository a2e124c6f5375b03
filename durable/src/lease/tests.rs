use std::io::Write;
use std::time::Instant;

use super::*;
use crate::{Pending, Superseded, set_aside, write};

const QUICK: Pace = Pace {
    interval: Duration::from_millis(20),
    readings: 5,
};

fn stop(_: &Holder, alive: bool) -> ControlFlow<()> {
    match alive {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// Makes a lease look as if its holder were on another machine.
fn move_away(files: &Files, number: u64) {
    let mut holder = files.holder_of(number).unwrap();
    (holder.host, holder.kernel) = ("elsewhere".into(), "another".into());
    // that of a folder made for this test
    holder.process = files.counter(0).display().to_string();
    let path = files.counter(number).with_extension("");
    fs::write(path, holder.to_text()).unwrap();
}

/// A lease whose holder is gone without a word, as after a loss of power.
fn abandon(lease: Lease) -> Files {
    let files = lease.files.clone();
    let number = lease.number;
    drop(lease);
    fs::remove_file(files.counter(number).with_extension("free")).unwrap();
    files
}

#[test]
fn a_second_process_is_told_who_holds_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let held = Lease::take(dir.path(), QUICK, stop).unwrap();
    let error = Lease::take(dir.path(), QUICK, stop).unwrap_err();
    let LeaseError::Held { holder, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(holder.pid, std::process::id());
    assert!(error.to_string().contains("since 20"), "{error}");
    assert_eq!(Lease::holder(dir.path()).as_ref(), Some(holder));
    drop(held);
    assert_eq!(Lease::holder(dir.path()), None);
    assert_eq!(Lease::take(dir.path(), QUICK, stop).unwrap().number(), 2);
}

#[test]
fn one_who_waits_gets_the_folder_when_it_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let held = Lease::take(dir.path(), QUICK, stop).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut asked = 0;
            let lease = Lease::take(dir.path(), QUICK, |_, _| {
                asked += 1;
                ControlFlow::Continue(())
            });
            (asked, lease.unwrap().number())
        });
        thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished(), "a living holder was robbed");
        drop(held);
        let (asked, number) = waiting.join().unwrap();
        assert!(asked > 0 && number == 2, "{asked} {number}");
    });
}

#[test]
fn a_holder_that_ended_under_this_kernel_is_known_at_once() {
    let dir = tempfile::tempdir().unwrap();
    abandon(Lease::take(dir.path(), QUICK, stop).unwrap());
    let slow = Pace {
        interval: Duration::from_secs(3600),
        ..QUICK
    };
    assert_eq!(Lease::take(dir.path(), slow, stop).unwrap().number(), 2);
}

#[test]
fn a_dead_holder_elsewhere_is_known_by_a_counter_that_stands_still() {
    let dir = tempfile::tempdir().unwrap();
    let files = abandon(Lease::take(dir.path(), QUICK, stop).unwrap());
    move_away(&files, 1);
    let started = Instant::now();
    assert_eq!(Lease::take(dir.path(), QUICK, stop).unwrap().number(), 2);
    assert!(started.elapsed() >= QUICK.interval * QUICK.readings);
}

#[test]
fn a_holder_that_hangs_here_is_known_by_its_counter() {
    let dir = tempfile::tempdir().unwrap();
    let mut held = Lease::take(dir.path(), QUICK, stop).unwrap();
    let files = held.files.clone();
    let mut holder = files.holder_of(1).unwrap();
    assert!(holder.is_local());
    // another process of this machine, which counts no more and keeps its lock
    holder.process = files.counter(0).display().to_string();
    fs::write(files.counter(1).with_extension(""), holder.to_text()).unwrap();
    let elsewhere = dir.path().join("count");
    held._beating = Beating::start(elsewhere, QUICK.interval).unwrap();
    let started = Instant::now();
    let mut asked = 0;
    let next = Lease::take(dir.path(), QUICK, |_, alive| {
        // until then the system's word counts
        assert!(alive);
        asked += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(next.unwrap().number(), 2);
    assert!(asked > 0 && started.elapsed() >= QUICK.interval * QUICK.readings);
    // and it finds out before it writes
    let late = write(&dir.path().join("results.csv"), b"late");
    let late = late.unwrap_err();
    assert!(late.get_ref().is_some_and(|e| e.is::<Superseded>()));
}

#[test]
fn a_process_that_was_found_dead_is_waited_for_less() {
    let slow = Pace {
        readings: 30,
        ..QUICK
    };
    let dirs = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let took = dirs.each_ref().map(|dir| {
        let files = abandon(Lease::take(dir.path(), slow, stop).unwrap());
        let mut holder = files.holder_of(1).unwrap();
        (holder.kernel, holder.process) = ("another".into(), "found dead".into());
        fs::write(files.counter(1).with_extension(""), holder.to_text()).unwrap();
        let started = Instant::now();
        assert_eq!(Lease::take(dir.path(), slow, stop).unwrap().number(), 2);
        started.elapsed()
    });
    assert!(took[0] >= slow.interval * 30, "{took:?}");
    assert!(took[1] >= slow.interval * 6, "{took:?}");
    assert!(took[1] < slow.interval * 30, "{took:?}");
}

#[test]
fn a_living_holder_elsewhere_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let held = Lease::take(dir.path(), QUICK, stop).unwrap();
    move_away(&held.files, 1);
    let error = Lease::take(dir.path(), QUICK, stop).unwrap_err();
    assert!(error.to_string().contains("elsewhere"), "{error}");
}

#[test]
fn a_lease_that_was_never_written_whole_is_passed_by() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::open(dir.path()).unwrap();
    fs::write(files.counter(7).with_extension(""), "host").unwrap();
    assert_eq!(Lease::take(dir.path(), QUICK, stop).unwrap().number(), 8);
}

#[test]
fn of_many_at_once_one_has_it_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let inside = std::sync::atomic::AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let wait = |_: &Holder, _| ControlFlow::Continue(());
                    let lease = Lease::take(dir.path(), QUICK, wait).unwrap();
                    let before = inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    assert_eq!(before, 0);
                    thread::sleep(Duration::from_millis(1));
                    inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    drop(lease);
                }
            });
        }
    });
    assert_eq!(Lease::take(dir.path(), QUICK, stop).unwrap().number(), 41);
}

#[test]
fn a_holder_that_was_taken_over_renames_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let held = Lease::take(dir.path(), QUICK, stop).unwrap();
    let path = dir.path().join("results.csv");
    write(&path, b"ours").unwrap();
    let mut pending = Pending::create(&path).unwrap();
    pending.write_all(b"late").unwrap();
    // another process, as this one sees it
    fs::write(
        held.files.counter(2).with_extension(""),
        Holder::this_process().to_text(),
    )
    .unwrap();
    let error = pending.commit().unwrap_err();
    let superseded = error.get_ref().and_then(|e| e.downcast_ref::<Superseded>());
    let holder = superseded.unwrap().holder.clone();
    assert_eq!(holder.unwrap().pid, std::process::id());
    assert_eq!(fs::read(&path).unwrap(), b"ours");
    assert!(set_aside(&path).is_err());
    // elsewhere it may write
    let other = tempfile::tempdir().unwrap();
    write(&other.path().join("x"), b"x").unwrap();
}
