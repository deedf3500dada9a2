//! Amounts of bytes as configuration writes them.

/// Reads `512KiB`, `2MiB`, `1GiB` or a plain number of bytes.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let complaint = || format!("{text:?} is not a size such as \"512KiB\", \"2MiB\" or \"1GiB\"");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(complaint()),
    };
    let number: u64 = digits.trim().parse().map_err(|_| complaint())?;
    number.checked_mul(1 << shift).ok_or_else(complaint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(parse_size("2MiB"), Ok(2 * 1024 * 1024));
        assert_eq!(parse_size("100"), Ok(100));
        for wrong in ["", "2MB", "-1KiB", "99999999999999GiB", "MiB"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
