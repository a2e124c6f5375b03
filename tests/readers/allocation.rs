//! How much memory a piece of work takes at most.

#![allow(
    unsafe_code,
    reason = "an allocator that counts what it hands to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Bytes that a reader may take for each byte of its file, or that it unpacks to...
const FOR_EACH_BYTE: usize = 256;
/// ...and for any file: presets, buffers, messages.
const FOR_ANY: usize = 8 << 20;

/// The most that a reader may hold for so many bytes.
pub fn allowed(bytes: usize) -> usize {
    FOR_EACH_BYTE * bytes + FOR_ANY
}

struct Counting;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

fn taken(bytes: usize) {
    let now = NOW.get().wrapping_add(bytes);
    NOW.set(now);
    MOST.set(MOST.get().max(now));
}

fn given_back(bytes: usize) {
    // what another thread took may be given back here
    NOW.set(NOW.get().saturating_sub(bytes));
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        given_back(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the work gives, and the most bytes that this thread held during it
/// beyond those it held before.
pub fn most_allocated<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    MOST.set(before);
    let result = work();
    (result, MOST.get().saturating_sub(before))
}

#[test]
fn the_most_is_counted_and_what_is_given_back_is_not() {
    let (_, most) = most_allocated(|| {
        drop(vec![0u8; 5 << 20]);
        drop(vec![0u8; 3 << 20]);
    });
    assert!((5 << 20..6 << 20).contains(&most), "{most}");
}
