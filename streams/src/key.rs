use std::fmt;

use crate::Stream;

/// Names the use of blake3's derivation; changing it changes every number.
const CONTEXT: &str = "layerprobe 2026 stream key v1";

/// The 32-byte key of a family of streams, one for each index.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamKey([u8; 32]);

impl StreamKey {
    /// The key at the root of everything drawn from one seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(blake3::derive_key(CONTEXT, &seed.to_le_bytes()))
    }

    /// A key given as raw bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of the sub-stream `name`. `derive("a").derive("b")` and
    /// `derive("a/b")` are different keys.
    pub fn derive(&self, name: &str) -> Self {
        Self(*blake3::keyed_hash(&self.0, name.as_bytes()).as_bytes())
    }

    /// The stream number `index` under this key.
    pub fn at(&self, index: u64) -> Stream {
        Stream::new(self.0, index)
    }
}

/// Shows the first bytes only: enough to tell two keys apart in a log.
impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "StreamKey({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}
