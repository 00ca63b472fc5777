//! What people write who know other template languages, and what it is here.
//!
//! Asked only about templates that are refused already: nothing here decides what is right.

use std::ops::Range;

use super::mistake::SyntaxError;

/// An operator or an index in a tag, at a token that cannot stand there. `open` is where the tag begins.
pub(super) fn of_other_languages(source: &str, open: &Range<usize>, at: &Range<usize>) -> Option<SyntaxError> {
    let behind = &source[at.end..];
    if behind.starts_with('[') {
        return index(source, at);
    }
    if behind.starts_with('(') {
        return method(source, open, at);
    }
    if source[at.clone()] == *"|" && !behind.starts_with('|') {
        return filter(source, open, at);
    }
    // `a == b` is refused at its second sign only: `a =` names an argument.
    let signs = source[open.start..at.start].trim_end_matches(['=', '!', '<', '>']).len();
    let at = open.start + signs..at.end;
    let rest = &source[at.start..];
    let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator))?;
    let start = source[open.start..at.start].rfind("{{").map_or(open.start, |found| open.start + found);
    let end = source[at.start..].find("}}").map(|found| at.start + found)?;
    let (left, right) = (&source[start..at.start], source[at.start + operator.len()..end].trim());
    let left = left.trim_start_matches(['{', '#', '~', '^', '(']).trim();
    let left = ["else if ", "if ", "unless "].iter().find_map(|word| left.strip_prefix(word)).unwrap_or(left).trim();
    let whole = |text: &str| !text.is_empty() && !text.contains(['&', '|', '=', '<', '>', '!', '{', '}', '(', ')']);
    let (left, right) = match *operator {
        "!" => ("", if whole(right) { right } else { "b" }),
        _ if whole(left) && whole(right) => (left, right),
        _ => ("a", "b"),
    };
    let help = match *operator {
        "===" | "==" | "=" => format!("compare with a helper: `{{{{#equal {left} {right}}}}}…{{{{/equal}}}}`"),
        "!==" | "!=" => {
            format!("compare with a helper: `{{{{#equal {left} {right}}}}}{{{{else}}}}…{{{{/equal}}}}`")
        }
        "&&" => {
            format!("put one block into the other: `{{{{#if {left}}}}}{{{{#if {right}}}}}…{{{{/if}}}}{{{{/if}}}}`")
        }
        "||" => format!("write a branch for each: `{{{{#if {left}}}}}…{{{{else if {right}}}}}…{{{{/if}}}}`"),
        "!" => format!("ask the other way round: `{{{{#unless {right}}}}}…{{{{/unless}}}}`"),
        _ => "no helper compares sizes: `#if`, `#unless` and `#equal` are the conditions that there are".to_owned(),
    };
    let span = at.start..at.start + operator.len();
    Some(SyntaxError::new(span, format!("templates have no operator `{operator}`")).help(help))
}

/// The longer before those that they begin with.
const OPERATORS: [&str; 12] = ["===", "!==", "==", "!=", "&&", "||", ">=", "<=", "=", ">", "<", "!"];

/// `name.toUpperCase()`, at `toUpperCase`; `upper(name)`, at `upper`.
fn method(source: &str, open: &Range<usize>, at: &Range<usize>) -> Option<SyntaxError> {
    let close = at.end + source[at.end..].find(')')?;
    let inside = source[at.end + 1..close].trim();
    let called = &source[at.clone()];
    if inside.contains(['\n', '{', '}', '(']) || !called.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    {
        return None;
    }
    let span = at.start..close + 1;
    if let Some(owner) = source[open.start..at.start].strip_suffix('.') {
        let owner = owner.trim_start_matches(['{', '~', '#', '&']).trim();
        let message = format!("values have no methods: `{called}` cannot be called");
        return Some(SyntaxError::new(span, message).help(format!("write `{owner}`, without `.{called}({inside})`")));
    }
    let message = format!("the arguments of `{called}` stand in brackets");
    let written = format!("{called} {}", inside.replace(',', " "));
    let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(SyntaxError::new(span, message).help(format!("write `{written}`, without brackets and commas")))
}

/// `name | upcase`, at the bar.
fn filter(source: &str, open: &Range<usize>, at: &Range<usize>) -> Option<SyntaxError> {
    let end = at.end + source[at.end..].find("}}")?;
    let value = source[open.start..at.start].trim_start_matches(['{', '~', '&']).trim();
    if value.is_empty() || value.contains(['{', '#', '|']) {
        return None;
    }
    let span = at.start..at.end + source[at.end..end].trim_end().len();
    let help =
        format!("write `{{{{{value}}}}}`; what there is for values stands in front: `{{{{queryEncode {value}}}}}`");
    Some(SyntaxError::new(span, "templates have no filters").help(help))
}

/// `tags[0]`, at `tags`.
fn index(source: &str, at: &Range<usize>) -> Option<SyntaxError> {
    let close = at.end + source[at.end..].find(']')?;
    let name = source[at.end + 1..close].trim().trim_matches(['\'', '"']);
    if name.contains(['\n', '{', '}', '[']) || name.is_empty() {
        return None;
    }
    let written = &source[at.start..=close];
    let list = &source[at.clone()];
    Some(
        SyntaxError::new(at.start..close + 1, format!("`{written}` lacks a dot before the bracket"))
            .help(format!("write `{list}.[{name}]`")),
    )
}

/// The block that `{{else}}` or `{{/if}}` at `at` belongs to, when it was opened without its `#`.
pub(super) fn block_without_sign(source: &str, at: usize) -> Option<SyntaxError> {
    let name = source[at..].trim_start_matches(['{', '/', '~', '^']).trim_start();
    let name = &name[..name.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(name.len())];
    let names: &[&str] = if matches!(name, "else" | "") { &BLOCKS } else { &[name] };
    let opens = |tag: &Range<usize>| {
        let inside = source[tag.start + 2..tag.end - 2].trim_start_matches('~').trim_start();
        names.iter().any(|name| inside.strip_prefix(*name).is_some_and(|rest| rest.starts_with(' ')))
    };
    let span = tags(&source[..at]).filter(opens).last()?;
    let tag = source[span.start + 2..span.end - 2].trim_start_matches('~').trim();
    let message = format!("`{{{{{tag}}}}}` opens no block: a `#` is missing");
    Some(SyntaxError::new(span, message).help(format!("write `{{{{#{tag}}}}}`")))
}

const BLOCKS: [&str; 6] = ["if", "unless", "each", "with", "equal", "equalWithElse"];

/// `{{endif}}` where `{{/if}}` has to be: the block at `opened` is open at the end of the template.
pub(super) fn end_of_other_languages(source: &str, opened: &Range<usize>, name: &str) -> Option<SyntaxError> {
    for span in tags(source).filter(|span| span.start >= opened.end) {
        let tag = source[span.start + 2..span.end - 2].trim_matches('~').trim();
        let word = tag.strip_prefix("end").map(str::trim_start);
        if word.is_some_and(|word| word.is_empty() || word == name) {
            let message = format!("`{{{{{tag}}}}}` closes no block");
            return Some(SyntaxError::new(span, message).help(format!("write `{{{{/{name}}}}}`")));
        }
    }
    None
}

/// What looks like a tag, none with another one in it: so each byte is looked at once.
fn tags(source: &str) -> impl Iterator<Item = Range<usize>> {
    let mut starts = source.match_indices("{{").map(|(start, _)| start).peekable();
    std::iter::from_fn(move || {
        loop {
            let start = starts.next()?;
            let next = starts.peek().copied().unwrap_or(source.len());
            if let Some(length) = source[start..next].find("}}") {
                return Some(start..start + length + 2);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn habits_are_told_what_to_write() {
        for (template, span, help) in [
            ("{{tags[0]}}", "tags[0]", "write `tags.[0]`"),
            ("{{a.tags['x y']}}", "tags['x y']", "write `tags.[x y]`"),
            ("{{#if a == 'b'}}x{{/if}}", "==", "compare with a helper: `{{#equal a 'b'}}…{{/equal}}`"),
            ("{{#if a === b}}x{{/if}}", "===", "compare with a helper: `{{#equal a b}}…{{/equal}}`"),
            ("{{#if a != 'b'}}x{{/if}}", "!=", "compare with a helper: `{{#equal a 'b'}}{{else}}…{{/equal}}`"),
            ("{{#if a && b}}x{{/if}}", "&&", "put one block into the other: `{{#if a}}{{#if b}}…{{/if}}{{/if}}`"),
            ("{{#if a || b}}x{{/if}}", "||", "write a branch for each: `{{#if a}}…{{else if b}}…{{/if}}`"),
            ("{{#if !a}}x{{/if}}", "!", "ask the other way round: `{{#unless a}}…{{/unless}}`"),
            ("{{if a}}x{{/if}}", "{{if a}}", "write `{{#if a}}`"),
            ("{{if a}}x{{else}}y{{/if}}", "{{if a}}", "write `{{#if a}}`"),
            ("{{#if a}}x{{endif}}", "{{endif}}", "write `{{/if}}`"),
            ("{{ a.toUpperCase() }}", "toUpperCase()", "write `a`, without `.toUpperCase()`"),
            (
                "{{a | upcase}}",
                "| upcase",
                "write `{{a}}`; what there is for values stands in front: `{{queryEncode a}}`",
            ),
            ("{{#if a}}x{{end}}", "{{end}}", "write `{{/if}}`"),
            ("{{#if a}}x{{#else}}y{{/if}}", "{{#else}}", "write `{{else}}` or `{{else if …}}`, without `#`"),
        ] {
            let error = read(template).expect_err(template);
            assert_eq!((&template[error.span.clone()], error.help.as_deref()), (span, Some(help)), "{template}");
        }
    }

    /// Where a help quotes a template, that template is one.
    #[test]
    fn what_a_help_quotes_can_be_read() {
        for template in [
            "{{tags[0]}}",
            "{{#if a == 'b'}}x{{/if}}",
            "{{#if a !== b}}x{{/if}}",
            "{{#if a && b || c}}x{{/if}}",
            "{{#if (a || b)}}x{{/if}}",
            "{{#if !(a)}}x{{/if}}",
            "{{#if a}}x{{#else}}y{{/if}}",
            "{{tags.0}}",
            "{{#each a as ||}}{{/each}}",
            "{{{a}}",
            "{{#a}}",
        ] {
            let help = read(template).expect_err(template).help.expect(template);
            for quoted in help.split('`').skip(1).step_by(2).filter(|quoted| quoted.starts_with("{{")) {
                // A tag that opens or closes a block is one half of a template.
                let alone = quoted.starts_with("{{/") || quoted.starts_with("{{else");
                let written = quoted.replace('…', "x");
                assert!(alone || read(&written).is_ok(), "{template}: {quoted}");
            }
        }
    }
}
