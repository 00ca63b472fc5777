//! Near misses: which word a user probably meant.

/// The candidate that `word` is most likely a slip of; `None` when nothing is close.
///
/// A difference in case, in hyphens or in underscores is always a slip; beyond that, one edit for a short
/// word and up to a third of a long one, counting a swap of two letters as one.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let folded = fold(word);
    let allowed = (folded.chars().count() / 3).clamp(1, 4);
    let mut best: Option<(usize, &'c str)> = None;
    for candidate in candidates {
        if candidate == word {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&folded, &fold(candidate));
        // One letter against another is no resemblance.
        let resembles = distance <= allowed && distance < folded.chars().count();
        if resembles && best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The help for a near miss: ``did you mean `apiToken`?``.
pub(super) fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Names as a reader would list them: `` `a`, `b` and `c` ``.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn fold(word: &str) -> String {
    word.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{listed, nearest};

    #[test]
    fn case_and_hyphens_are_slips() {
        assert_eq!(nearest("apitoken", ["apiKey", "apiToken"]), Some("apiToken"));
        assert_eq!(nearest("updateFallThrough", ["updateFallthrough", "updateOn"]), Some("updateFallthrough"));
        assert_eq!(nearest("baseUrl", ["base-url"]), Some("base-url"));
    }

    #[test]
    fn far_words_are_not_suggested() {
        assert_eq!(nearest("colour", ["host", "apiToken"]), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn the_closest_of_several_wins() {
        assert_eq!(nearest("hostnam", ["hostnames2", "hostnames", "hostname"]), Some("hostname"));
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
