//! One-time codes by time and by count: SHA-1, six digits, 30 seconds.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc6238>

use aws_lc_rs::hmac;

/// What an answer is worth
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Judgement {
    /// Good; the step or count is spent now
    Good(u64),
    /// Right, but it or a later one was used before
    Replayed,
    /// Right at another time
    Skewed,
    Wrong,
}

/// Judges a code by time; `last` is the last step that was used
pub(super) fn by_time(seed: &[u8], code_sent: &str, now: u64, last: Option<u64>) -> Judgement {
    let here = now / STEP;
    let fits = |step: &u64| code(seed, *step) == code_sent;
    let near = here.saturating_sub(NEAR)..=here.saturating_add(NEAR);
    if let Some(step) = near.clone().find(fits) {
        return if last.is_some_and(|last| step <= last) {
            Judgement::Replayed
        } else {
            Judgement::Good(step)
        };
    }
    let far = here.saturating_sub(FAR)..=here.saturating_add(FAR);
    match far.into_iter().find(fits) {
        Some(step) if last.is_some_and(|last| step <= last) => Judgement::Replayed,
        Some(_) => Judgement::Skewed,
        None => Judgement::Wrong,
    }
}

/// Judges a code by count; `next` is the first count that was not used
pub(super) fn by_count(seed: &[u8], code_sent: &str, next: u64) -> Judgement {
    let fits = |count: &u64| code(seed, *count) == code_sent;
    if let Some(count) = (next..=next.saturating_add(LOOK_AHEAD)).find(fits) {
        return Judgement::Good(count);
    }
    match (next.saturating_sub(LOOK_AHEAD)..next).any(|count| fits(&count)) {
        true => Judgement::Replayed,
        false => Judgement::Wrong,
    }
}

/// The code of a count, as RFC 4226 makes it
pub(super) fn code(seed: &[u8], count: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &count.to_be_bytes());
    let tag = tag.as_ref();
    let from = usize::from(tag.last().copied().unwrap_or_default() & 0xf);
    let word = tag
        .get(from..from + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_be_bytes);
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

/// Base32 without padding
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for block in bytes.chunks(5) {
        let mut word = [0_u8; 8];
        for (to, from) in word.iter_mut().skip(3).zip(block) {
            *to = *from;
        }
        let word = u64::from_be_bytes(word);
        let digits = (block.len() * 8).div_ceil(5);
        for place in 0..digits {
            let digit = usize::try_from(word >> (35 - 5 * place) & 31).unwrap_or_default();
            text.extend(ALPHABET.get(digit).map(|&letter| char::from(letter)));
        }
    }
    text
}

/// Seconds that a code by time is meant for
pub(super) const STEP: u64 = 30;
/// Steps that a clock may be off
const NEAR: u64 = 1;
/// Steps that are told apart from a wrong code
const FAR: u64 = 10;
const LOOK_AHEAD: u64 = 10;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        let seed = b"12345678901234567890";
        assert_eq!(code(seed, 0), "755224");
        assert_eq!(code(seed, 9), "520489");
        // Seconds 1111111109 of RFC 6238, whose eight digits end in these six.
        assert_eq!(code(seed, 1_111_111_109 / STEP), "081804");
    }

    #[test]
    fn base32_is_that_of_the_rfc() {
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(base32(b"f"), "MY");
    }

    #[test]
    fn a_step_is_good_once_and_near_ones_only() {
        let seed = b"12345678901234567890";
        let now = 3000;
        let at = |step: u64, last| by_time(seed, &code(seed, step), now, last);
        assert_eq!(at(100, None), Judgement::Good(100));
        assert_eq!(at(99, None), Judgement::Good(99));
        assert_eq!(at(101, Some(100)), Judgement::Good(101));
        assert_eq!(at(100, Some(100)), Judgement::Replayed);
        assert_eq!(at(98, None), Judgement::Skewed);
        assert_eq!(at(102, None), Judgement::Skewed);
        assert_eq!(by_time(seed, "nothing", now, None), Judgement::Wrong);
    }

    #[test]
    fn a_count_is_good_once_and_some_may_be_left_out() {
        let seed = b"12345678901234567890";
        assert_eq!(by_count(seed, &code(seed, 3), 0), Judgement::Good(3));
        assert_eq!(by_count(seed, &code(seed, 3), 4), Judgement::Replayed);
        assert_eq!(by_count(seed, &code(seed, 30), 4), Judgement::Wrong);
    }
}
