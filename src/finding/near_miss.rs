//! The word that was probably meant.

/// The candidate that `word` was probably meant to be; `None` when none is close.
///
/// Case, `-`, `_` and spaces do not count. Short words may differ in one letter, longer ones in a third of theirs.
pub fn near_miss<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let length = folded.chars().count();
    let allowed = (length / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < length && *candidate != word)
        // The first of equals: candidates come in the order of the format, the usual ones first.
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> String {
    word.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::near_miss;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let names = ["formVariables", "capabilities", "key", "url"];
        for (word, meant) in [
            ("capabilitees", Some("capabilities")),
            ("form_variables", Some("formVariables")),
            ("KEY", Some("key")),
            ("uri", Some("url")),
            ("keyx", Some("key")),
            ("url", None),
            ("k", None),
            ("endpoint", None),
        ] {
            assert_eq!(near_miss(word, names), meant, "{word}");
        }
    }
}
