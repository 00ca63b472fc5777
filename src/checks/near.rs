//! Words for near misses and lists.

use crate::finding::near_miss;

/// The help for a near miss: ``did you mean `apiToken`?``.
pub(super) fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    near_miss(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
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

/// Names as a template writes them, the unusual ones in brackets: `tags.[0]`.
pub(super) fn written(names: &[impl AsRef<str>]) -> String {
    let part = |name: &str| {
        let unusual = |letter: char| letter.is_whitespace() || "!\"#%&'()*+,./;<=>@[\\]^`{|}~".contains(letter);
        let number = name.bytes().all(|byte| byte.is_ascii_digit());
        if number || name.contains(unusual) { format!("[{name}]") } else { name.to_owned() }
    };
    names.iter().map(|name| part(name.as_ref())).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::{listed, written};

    #[test]
    fn unusual_names_stand_in_brackets() {
        assert_eq!(written(&["tags", "0"]), "tags.[0]");
        assert_eq!(written(&["customProperties", "my-tool", "a b"]), "customProperties.my-tool.[a b]");
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
