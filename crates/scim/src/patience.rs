//! How much is compared for one request. A filter has 8 KiB at most and a PATCH a thousand of them, but each may be asked of a hundred
//! long texts, or of everybody: what that takes is counted, and more than anybody needs is refused.

/// What is left to be compared, in nanoseconds or thereabouts.
#[derive(Clone, Debug)]
pub struct Patience(u64);

/// One comparison, whatever is compared.
const EACH: u64 = 40;
/// Folding takes so long for a byte of text that is not ASCII.
const FOLDED: u64 = 60;

impl Patience {
    /// For a PATCH: a thousand operations, each asking of a hundred values, take a tenth of it.
    pub(crate) const PATCH: Patience = Patience(100_000_000);
    /// For a filter that is asked of resources one by one: some 300,000 of them, where it compares little.
    pub const FILTER: Patience = Patience(3_000_000_000);

    /// One that ends sooner.
    #[must_use]
    pub fn of(nanoseconds: u64) -> Patience {
        Patience(nanoseconds)
    }

    /// Takes so much of it.
    pub fn spend(&mut self, nanoseconds: u64) {
        self.0 = self.0.saturating_sub(nanoseconds);
    }

    /// Takes what it takes to compare this text.
    pub(crate) fn spend_on(&mut self, text: &str) {
        let length = text.len() as u64;
        self.spend(match text.is_ascii() {
            true => EACH + length / 16,
            false => EACH + length * FOLDED,
        });
    }

    /// Whether there is none left: nothing that is found out from then on is true.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0 == 0
    }
}
