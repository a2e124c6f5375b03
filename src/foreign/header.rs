//! The header of a NumPy array, looked at before its reader reads it.

use std::io::Read;
use std::path::Path;

use super::ForeignError;

/// Bytes of the longest header that is read: a description of one plain array
/// takes about a hundred, and NumPy reads no more than 10,000.
const HEADER: u32 = 1 << 16;
/// Brackets within each other in a header that is read: a plain array has two, a
/// record of records six.
const DEPTH: usize = 8;

/// Bytes before the numbers. Refuses an array whose header says that it is longer
/// than any is, for which the reader would take as much memory before it finds out,
/// and one whose header the reader does not survive.
pub(super) fn check_header(path: &Path, mut array: impl Read) -> Result<u64, ForeignError> {
    let content = |problem: String| ForeignError::Content {
        path: path.to_owned(),
        problem,
    };
    let mut start = Vec::with_capacity(12);
    let read = array.by_ref().take(12).read_to_end(&mut start);
    read.map_err(|e| ForeignError::damaged(path, &e))?;
    // magic string, version, length: of two bytes in version 1, of four later
    let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _, a, b, c, d] = start[..] else {
        return Ok(0);
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    let (begin, length) = match version {
        1 => (10, length & 0xffff),
        _ => (12, length),
    };
    if length > HEADER {
        return Err(content(format!(
            "its header is said to be {length} bytes long, {HEADER} is the most that is read"
        )));
    }
    let end = begin + length as usize;
    let rest = end.saturating_sub(12) as u64;
    let read = array.take(rest).read_to_end(&mut start);
    read.map_err(|e| ForeignError::damaged(path, &e))?;
    let text = &start[begin..end.min(start.len())];
    let plain = without_strings(text);
    // no name of a type has a backslash, after which a quote would not end it
    if depth(&plain) > DEPTH || text.contains(&b'\\') {
        return Err(content(format!(
            "its header has a backslash, or more than {DEPTH} brackets within each other"
        )));
    }
    if product(&plain).is_none() {
        return Err(content(
            "its header has a shape too large for this machine, or numbers that are not \
             plain digits"
                .to_owned(),
        ));
    }
    Ok(end as u64)
}

/// A header's text, Python's, but for what stands in quotes.
fn without_strings(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut quote = None;
    for &byte in text {
        match (quote, byte) {
            (Some(end), _) if byte == end => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => {
                quote = Some(byte);
                plain.push(b' ');
            }
            (None, _) => plain.push(byte),
        }
    }
    plain
}

/// How many brackets stand within each other. The reader tries what is within each
/// more than once, and thus takes twice the time and more for every further one.
fn depth(plain: &[u8]) -> usize {
    let (mut open, mut most) = (0usize, 0);
    for byte in plain {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// All numbers multiplied, 0 as 1; none if one is not in plain digits, or the product
/// too large. The reader multiplies the axes of a shape from either end before it
/// says what they are, and looks for no overflow.
fn product(plain: &[u8]) -> Option<u64> {
    let sign = |byte: &u8| b"+-".contains(byte);
    let in_words = |byte: &u8| byte.is_ascii_alphanumeric() || sign(byte) || b"._".contains(byte);
    let words = plain.split(|byte| !in_words(byte));
    words
        .filter(|word| word.iter().any(|byte| byte.is_ascii_digit() || sign(byte)))
        .try_fold(1u64, |product, word| {
            // Python 2 wrote 3L
            let word = word.strip_suffix(b"L".as_slice()).unwrap_or(word);
            if !word.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let number: u64 = std::str::from_utf8(word).ok()?.parse().ok()?;
            product.checked_mul(number.max(1))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_said_to_be_huge_is_not_made_room_for() {
        let checked = |version: u8, length: u32| {
            let start = [b"\x93NUMPY", &[version, 0][..], &length.to_le_bytes()].concat();
            check_header(Path::new("a.npy"), &start[..])
        };
        let error = checked(2, 662_380_544).unwrap_err().to_string();
        assert!(error.contains("662380544 bytes long"), "{error}");
        assert!(checked(3, HEADER + 1).is_err());
        assert!(checked(2, HEADER).is_ok());
        // version 1 has two bytes for it, and the header's text behind
        assert!(checked(1, u32::MAX).is_ok());
        assert!(check_header(Path::new("a.npy"), &b"\x93NUM"[..]).is_ok());
        assert_eq!(checked(1, 118).unwrap(), 128);
        assert_eq!(checked(2, 116).unwrap(), 128);
    }

    #[test]
    fn a_header_is_looked_at_before_the_reader_multiplies() {
        let checked = |text: &str| {
            let length = (text.len() as u16).to_le_bytes();
            let start = [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat();
            // numbers follow, which are not looked at
            check_header(Path::new("a.npy"), &[&start[..], b" 99 ** 99"].concat()[..])
        };
        let shape = |shape: &str| {
            let text =
                format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}   \n");
            checked(&text).map_err(|error| error.to_string())
        };
        assert!(shape("(3, 4)").is_ok());
        assert!(shape("(0, 6)").is_ok());
        assert!(shape("(3L, 4L)").is_ok());
        assert!(shape("(4294967295, 4294967296)").is_ok());
        for large in [
            "(4294967296, 4294967296)",
            "(4294967296, 4294967296, 0)",
            "(0, 4294967296, 4294967296)",
            "(18446744073709551616, 1)",
            // numbers that Python writes in other ways
            "(4294967295 + 1, 4294967296)",
            "(4294967295 +1, 4294967296)",
            "(0x100000000, 0x100000000)",
            "(4_294_967_296, 4_294_967_296)",
            "(-1, 4)",
            "(1e308, 4)",
        ] {
            let error = shape(large).unwrap_err();
            assert!(
                error.contains("too large for this machine"),
                "{large}: {error}"
            );
        }
        let deep = checked(&"[".repeat(DEPTH + 1)).unwrap_err().to_string();
        assert!(deep.contains("brackets within each other"), "{deep}");
        assert!(checked(&"[".repeat(DEPTH)).is_ok());
        // what is in quotes is not counted
        assert!(checked(r#"{'"99 ** 99((((((((((': "'+"}"#).is_ok());
        // where it ends is plain
        assert!(checked(r"{'a\N{'}': 0}").is_err());
        let header = b"{'descr': [('a', '<f4', (2, 3))], 'shape': (5,)}";
        let plain = without_strings(header);
        assert_eq!((depth(&plain), product(&plain)), (4, Some(30)));
    }
}
