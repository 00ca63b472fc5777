//! How two texts differ, line by line.

/// Past so many lines on a side, the texts are shown one after the other: a table of them all would be too large.
const MOST_LINES: usize = 1000;

/// The lines that differ with a `-` or a `+` before them, the others with a space; empty when none does.
pub(super) fn diff(before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let (old, new) = (lines(before), lines(after));
    let mut shown = String::new();
    let mut put = |mark: char, line: &str| {
        shown.push(mark);
        shown.push_str(line);
        shown.push('\n');
    };
    if old.len() > MOST_LINES || new.len() > MOST_LINES {
        old.iter().for_each(|line| put('-', line));
        new.iter().for_each(|line| put('+', line));
        return shown;
    }
    // The longest run of lines that both have, counted from the end.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            common[a * width + b] = if old[a] == new[b] {
                common[(a + 1) * width + b + 1] + 1
            } else {
                common[(a + 1) * width + b].max(common[a * width + b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        if a < old.len() && b < new.len() && old[a] == new[b] {
            put(' ', &old[a]);
            (a, b) = (a + 1, b + 1);
        } else if a < old.len() && (b == new.len() || common[(a + 1) * width + b] >= common[a * width + b + 1]) {
            put('-', &old[a]);
            a += 1;
        } else {
            put('+', &new[b]);
            b += 1;
        }
    }
    shown
}

/// The lines of a text; JSON is spread over lines first.
fn lines(text: &str) -> Vec<String> {
    let spread = serde_json::from_str::<serde_json::Value>(text)
        .ok()
        .filter(|json| json.is_object() || json.is_array())
        .and_then(|json| serde_json::to_string_pretty(&json).ok());
    spread.as_deref().unwrap_or(text).lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn what_is_the_same_has_no_difference() {
        assert_eq!(diff("a\nb", "a\nb"), "");
    }

    #[test]
    fn lines_that_differ_are_marked() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc\nd"), " a\n-b\n+x\n c\n+d\n");
        assert_eq!(diff("", "a"), "+a\n");
    }

    #[test]
    fn json_is_compared_member_by_member() {
        assert_eq!(diff(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#), " {\n   \"a\": 1,\n-  \"b\": 2\n+  \"b\": 3\n }\n");
    }
}
