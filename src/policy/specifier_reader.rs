//! The grammar of specifiers, and what people write instead.
//!
//! ```text
//! specifier := "*" | segment ( ":" segment )*
//! segment   := type [ "/" name ] [ ";" filter ( "," filter )* ]
//! filter    := tag | "{" selector ":" value "}" | "view:" key
//! ```
//!
//! A segment tells at most one mistake of form, and the specifier tells one about its types only when every
//! segment is well formed, so that one slip is one message.

use std::ops::Range;

use super::glob::Glob;
use super::mistake::Mistake;
use super::specifier::{Filter, Read, SegmentPattern, Specifier};
use super::vocabulary::Vocabulary;

/// The type of projects in specifiers.
const PROJECT: &str = "proj";

type Found = (Range<usize>, Mistake);

pub(super) fn read(text: &str, vocabulary: &Vocabulary) -> Result<Read, Vec<Found>> {
    if text.trim().is_empty() {
        return Err(vec![(0..text.len(), Mistake::Empty(super::List::Resources))]);
    }
    if text.trim().len() != text.len() {
        return Err(vec![(0..text.len(), Mistake::Space { word: text.to_owned() })]);
    }
    if text.bytes().all(|byte| byte == b'*') {
        return Ok(Read { specifier: Specifier::Every, stray_slashes: Vec::new() });
    }
    // Told before anything is split: where the segments are depends on where the brace was meant to end.
    if let Some(at) = text.rfind('{').filter(|at| !text[*at..].contains('}')) {
        return Err(vec![(at..text.len(), Mistake::OpenBrace(text[at..].to_owned()))]);
    }
    let spans = segment_spans(text);
    let mut segments = Vec::with_capacity(spans.len());
    let mut stray_slashes = Vec::new();
    let mut mistakes = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        let mut span = span.clone();
        // `proj/*:/flag/*` is in published examples, and can mean only one thing.
        if at > 0 && text[span.clone()].starts_with('/') && text[span.start + 1..span.end].contains('/') {
            stray_slashes.push(span.start..span.start + 1);
            span.start += 1;
        }
        match read_segment(text, span.clone(), vocabulary) {
            Ok(segment) => segments.push((span, segment)),
            Err(found) => mistakes.push(found),
        }
    }
    if mistakes.is_empty() {
        mistakes.extend(wrong_types(text, &segments, vocabulary));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let specifier = Specifier::Segments(segments.into_iter().map(|(_, segment)| segment).collect());
    Ok(Read { specifier, stray_slashes })
}

/// Splits at colons, but not in braces and not after `view`.
fn segment_spans(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut start, mut filter, mut depth) = (0, None, 0_usize);
    let last_close = text.rfind('}').unwrap_or_default();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ if depth > 0 && at < last_close => {}
            b';' | b',' => filter = Some(at + 1),
            b':' if filter.is_some_and(|filter| &text[filter..at] == "view" && is_view_key(&text[at + 1..])) => {}
            b':' => {
                spans.push(start..at);
                (start, filter, depth) = (at + 1, None, 0);
            }
            _ => {}
        }
    }
    spans.push(start..text.len());
    spans
}

/// Whether what follows `view:` is a view's key; otherwise `view` was a tag, and a segment follows.
fn is_view_key(text: &str) -> bool {
    let word = text.split([':', ';', ',']).next().unwrap_or_default();
    text.starts_with("${") || !word.is_empty() && !word.contains('/')
}

fn read_segment(text: &str, span: Range<usize>, vocabulary: &Vocabulary) -> Result<SegmentPattern, Found> {
    let segment = &text[span.clone()];
    let (head, filters) = match segment.split_once(';') {
        Some((head, filters)) => (head, Some(filters)),
        None => (segment, None),
    };
    let head_span = span.start..span.start + head.len();
    let wrong = |mistake| (head_span.clone(), mistake);
    if let Some(placeholder) = placeholder_in(segment) {
        let at = span.start + placeholder.start;
        return Err((at..span.start + placeholder.end, Mistake::Placeholder(segment[placeholder].to_owned())));
    }
    if segment.is_empty() {
        return Err(wrong(Mistake::EmptySegment));
    }
    if head.trim().len() != head.len() {
        return Err(wrong(Mistake::Space { word: head.to_owned() }));
    }
    let Some((kind, name)) = head.split_once('/') else {
        return match vocabulary.resource_type(head) {
            Some(known) if !known.named => {
                Ok(SegmentPattern { kind: head.into(), name: None, filters: read_filters(filters, head_span.end + 1)? })
            }
            Some(_) => Err(wrong(Mistake::NoName { kind: head.to_owned() })),
            None if head == "*" => Err(wrong(Mistake::LoneStar)),
            None => Err(wrong(Mistake::NoSlash {
                segment: head.to_owned(),
                remedy: selector_meant(text, &span, vocabulary),
            })),
        };
    };
    let kind_span = span.start..span.start + kind.len();
    if kind.is_empty() {
        return Err(wrong(Mistake::NoType(head.to_owned())));
    }
    if kind.contains('*') {
        return Err((kind_span, Mistake::WildcardInType(kind.to_owned())));
    }
    if kind.trim().len() != kind.len() || name.trim().len() != name.len() {
        return Err(wrong(Mistake::Space { word: if name.trim() == name { kind } else { name }.to_owned() }));
    }
    if vocabulary.resource_type(kind).is_some_and(|known| !known.named) {
        return Err(wrong(Mistake::NameOnNameless { kind: kind.to_owned() }));
    }
    if name.is_empty() {
        return Err(wrong(Mistake::NoName { kind: kind.to_owned() }));
    }
    if name.contains('/') {
        return Err(wrong(Mistake::SlashInName { segment: head.to_owned(), remedy: segments_meant(head) }));
    }
    if name.contains(['{', '}']) {
        return Err(wrong(Mistake::StrayBrace(name.to_owned())));
    }
    if name.contains(',') {
        return Err(wrong(Mistake::NameWithComma { kind: kind.to_owned(), name: name.to_owned() }));
    }
    let filters = read_filters(filters, head_span.end + 1)?;
    Ok(SegmentPattern { kind: kind.into(), name: Some(Glob::new(name)), filters })
}

fn read_filters(filters: Option<&str>, start: usize) -> Result<Box<[Filter]>, Found> {
    let Some(filters) = filters else { return Ok(Box::default()) };
    let mut read = Vec::new();
    let mut at = start;
    for filter in split_filters(filters) {
        let span = at..at + filter.len();
        at = span.end + 1;
        read.push(read_filter(filter).map_err(|mistake| (span, mistake))?);
    }
    Ok(read.into())
}

/// Splits at commas, but not in braces.
fn split_filters(filters: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    filters.split(move |letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    })
}

fn read_filter(filter: &str) -> Result<Filter, Mistake> {
    if filter.trim().is_empty() {
        return Err(Mistake::EmptyFilter);
    }
    if filter.trim().len() != filter.len() {
        return Err(Mistake::Space { word: filter.to_owned() });
    }
    if let Some(inside) = filter.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let parts = inside.split_once(':').filter(|(selector, value)| !selector.is_empty() && !value.is_empty());
        let plain = parts.is_some_and(|(_, value)| !value.contains(['{', '}', ':', ',']));
        let selector = || Filter::Property(filter.into());
        return if plain { Ok(selector()) } else { Err(Mistake::BadSelector(filter.to_owned())) };
    }
    if filter.contains(['{', '}']) {
        return Err(Mistake::StrayBrace(filter.to_owned()));
    }
    if filter.contains(';') {
        return Err(Mistake::SecondSemicolon);
    }
    if filter.contains('/') {
        return Err(Mistake::SlashInFilter(filter.to_owned()));
    }
    if filter.starts_with("view:") {
        return Ok(Filter::Property(filter.into()));
    }
    Ok(Filter::Tag(Glob::new(filter)))
}

/// Where a `${…}` stands, closed or not.
fn placeholder_in(text: &str) -> Option<Range<usize>> {
    let start = text.find("${")?;
    let end = text[start..].find('}').map_or(text.len(), |length| start + length + 1);
    Some(start..end)
}

/// For the `true` of `env/*;critical:true`: the filter with its braces.
fn selector_meant(text: &str, span: &Range<usize>, vocabulary: &Vocabulary) -> Option<String> {
    let value = &text[span.clone()];
    let before = text.get(..span.start.checked_sub(1)?)?;
    let last_segment = before.rsplit(':').next()?;
    match last_segment.rsplit_once([';', ',']) {
        Some((_, selector)) if !selector.is_empty() && last_segment.contains(';') => {
            Some(format!("{{{selector}:{value}}}"))
        }
        _ => vocabulary.nearest_type(value).map(|kind| vocabulary.any_of(kind)),
    }
}

/// For `proj/web/env/test`: the same with colons.
fn segments_meant(head: &str) -> Option<String> {
    let words: Vec<&str> = head.split('/').collect();
    let whole = words.len().is_multiple_of(2) && words.iter().all(|word| !word.is_empty());
    whole.then(|| words.chunks(2).map(|pair| pair.join("/")).collect::<Vec<_>>().join(":"))
}

/// What is wrong with the types of well-formed segments.
fn wrong_types(text: &str, segments: &[(Range<usize>, SegmentPattern)], vocabulary: &Vocabulary) -> Option<Found> {
    // What other platforms keep below theirs is theirs to name.
    let top = segments.first().and_then(|(_, segment)| vocabulary.resource_type(&segment.kind));
    if top.is_some_and(|known| known.open) {
        return None;
    }
    for (span, segment) in segments {
        let kind = &*segment.kind;
        if vocabulary.resource_type(kind).is_none() {
            let near = vocabulary.nearest_type(kind).map(str::to_owned);
            let mistake = Mistake::UnknownType { written: kind.to_owned(), near };
            return Some((span.start..span.start + kind.len(), mistake));
        }
    }
    let (_, last) = segments.last()?;
    let lineage = vocabulary.lineage(&last.kind);
    let written = || segments.iter().map(|(_, segment)| &*segment.kind);
    if written().eq(lineage.iter().copied()) {
        return None;
    }
    let foreign = vocabulary.resource_type(&last.kind).is_some_and(|known| known.foreign);
    if foreign && written().eq([PROJECT, &*last.kind]) {
        return None;
    }
    let mut unmatched = segments.iter().peekable();
    let mut full = Vec::new();
    let mut missing = Vec::new();
    for &kind in &lineage {
        match unmatched.next_if(|(_, segment)| *segment.kind == *kind) {
            Some((span, _)) => full.push(text[span.clone()].to_owned()),
            None => {
                full.push(vocabulary.any_of(kind));
                missing.push(vocabulary.noun(kind).to_owned());
            }
        }
    }
    let mistake = if unmatched.peek().is_none() {
        Mistake::MissingParents { written: text.to_owned(), missing, full: full.join(":") }
    } else {
        let form = vocabulary.form(&last.kind);
        Mistake::WrongParents { kind: last.kind.to_string(), form }
    };
    Some((0..text.len(), mistake))
}

#[cfg(test)]
mod tests {
    use crate::policy::specifier::Specifier;

    /// Every mistake in a specifier: the words that are meant, what is wrong, what to do.
    fn told(text: &str) -> Vec<String> {
        match Specifier::read(text) {
            Ok(_) => Vec::new(),
            Err(found) => found
                .into_iter()
                .map(|(span, mistake)| format!("[{}] {mistake}; {}", &text[span], mistake.help().unwrap_or_default()))
                .collect(),
        }
    }

    macro_rules! row {
        ($name:ident: $text:literal is right) => {
            #[test]
            fn $name() {
                assert_eq!(told($text), [""; 0]);
            }
        };
        ($name:ident: $text:literal tells $($mistake:literal),+) => {
            #[test]
            fn $name() {
                assert_eq!(told($text), [$($mistake),+]);
            }
        };
    }

    row!(every_level_may_have_filters: "proj/*;a:env/*;b*,c:flag/*;*d" is right);
    row!(an_account_stands_alone: "acct" is right);
    row!(a_lone_star_is_every_resource: "*" is right);
    row!(a_member_token_lives_in_its_member: "member/*:token/*" is right);
    row!(an_allowlist_has_no_name: "ip-allowlist" is right);
    row!(an_organization_holds_whatever_its_platform_has: "org/*:site/wiki:CONFLUENCE_SPACE/*" is right);
    row!(an_organization_stands_alone_too: "org/a-1" is right);
    row!(a_key_of_another_platform_is_in_a_project: "proj/*:api_key/*" is right);
    row!(a_key_of_another_platform_stands_alone_too: "api_key/*" is right);
    row!(a_selector_is_a_filter: "proj/*:env/*;{critical:true},ops:flag/*" is right);
    row!(a_view_is_a_filter: "proj/default:env/*:flag/*;ops,view:frontend" is right);
    row!(a_view_filter_may_stand_before_a_segment: "proj/*;view:frontend:env/*" is right);
    row!(view_may_be_a_tag: "proj/*;view:env/*" is right);
    row!(view_is_a_type_too: "proj/*:view/frontend" is right);
    row!(a_stray_slash_is_passed_over: "proj/*:env/*;qa_*:/flag/*" is right);
    row!(question_marks_and_brackets_are_letters: "proj/a?[b]" is right);

    row!(nothing_is_no_resource: "" tells "[] the resource is empty; write `*` for every resource");
    row!(white_space_is_told: "proj/* " tells
        "[proj/* ] white space around `proj/*` is part of it; remove the white space");
    row!(white_space_after_a_comma_is_told: "proj/*;a, b" tells
        "[ b] white space around `b` is part of it; remove the white space");
    row!(a_flag_needs_its_parents: "flag/x" tells
        "[flag/x] `flag/x` is missing its project and environment; write `proj/*:env/*:flag/x`");
    row!(a_flag_needs_its_environment: "proj/a;t:flag/x;u" tells
        "[proj/a;t:flag/x;u] `proj/a;t:flag/x;u` is missing its environment; write `proj/a;t:env/*:flag/x;u`");
    row!(a_flag_needs_its_project: "env/test:flag/x" tells
        "[env/test:flag/x] `env/test:flag/x` is missing its project; write `proj/*:env/test:flag/x`");
    row!(a_metric_is_in_no_environment: "proj/*:env/*:metric/*" tells
        "[proj/*:env/*:metric/*] a metric lives in a project, and nowhere else; write it like `proj/*:metric/*`");
    row!(parents_keep_their_order: "env/*:proj/*:flag/*" tells
        "[env/*:proj/*:flag/*] a flag lives in an environment, and nowhere else; write it like `proj/*:env/*:flag/*`");
    row!(nothing_lives_in_an_account: "acct:proj/*" tells
        "[acct:proj/*] a project has no parent; write it like `proj/*`");
    row!(an_account_lives_in_nothing: "proj/*:acct" tells
        "[proj/*:acct] an account has no parent; write it like `acct`");
    row!(an_account_has_no_name: "acct/*" tells "[acct/*] an account has no name in a resource; write `acct`");
    row!(an_unknown_type_is_told_with_the_one_meant: "proj/*:environment/*" tells
        "[environment] no resource type is named `environment`; did you mean `env`?");
    row!(an_unknown_type_may_be_near_to_nothing: "gadget/*" tells "[gadget] no resource type is named `gadget`; ");
    row!(a_type_has_no_star: "proj/*:*/x" tells
        "[*] a type cannot have a star: `*`; name each type in an entry of its own");
    row!(a_star_is_no_segment: "proj/*:*" tells
        "[*] a lone `*` is no segment; write `*` alone for every resource, or `type/*` for every one of a type");
    row!(a_type_needs_a_name: "proj/*:env/" tells "[env/] `env` has no name; write `env/*` for every one");
    row!(a_type_needs_its_slash: "proj" tells "[proj] `proj` has no name; write `proj/*` for every one");
    row!(a_word_is_no_segment: "proj/*:production" tells
        "[production] `production` is no segment of a resource; a segment is `type/name`, as in `flag/checkout`");
    row!(a_name_needs_a_type: "/x" tells
        "[/x] `/x` has no type before its slash; a segment is `type/name`, as in `flag/checkout`");
    row!(colons_need_segments: "proj/*::env/*:" tells
        "[] there is no segment before or after a `:`; remove the `:`",
        "[] there is no segment before or after a `:`; remove the `:`");
    row!(slashes_do_not_join_segments: "proj/*/env/test" tells
        "[proj/*/env/test] `proj/*/env/test` has two slashes; write `proj/*:env/test`");
    row!(a_name_has_no_comma: "proj/*:env/a,b" tells
        "[env/a,b] the name `a,b` has a comma; write an entry for each name, or tags as `env/a;b`");
    row!(filters_are_not_empty: "proj/*;" tells
        "[] a filter is missing after `;` or `,`; remove it, or write a tag");
    row!(filters_are_joined_by_commas: "proj/*;a;b" tells "[a;b] a segment has at most one `;`; join filters by `,`");
    row!(a_filter_has_no_slash: "proj/*;env/x" tells
        "[env/x] the filter `env/x` has a slash; segments are joined by `:`");
    row!(a_selector_needs_its_braces: "proj/*:env/*;critical:true:flag/*" tells
        "[true] `true` is no segment of a resource; write `{critical:true}`");
    row!(braces_hold_a_selector: "proj/*;{a,b}" tells
        "[{a,b}] `{a,b}` is no selector; a selector is written like `{critical:true}`");
    row!(braces_are_closed: "proj/*:env/*;{critical:true:flag/*" tells
        "[{critical:true:flag/*] the brace of `{critical:true:flag/*` is never closed; \
         a selector is written like `{critical:true}`");
    row!(braces_do_not_stand_in_names: "proj/{a}" tells
        "[proj/{a}] the braces of `{a}` do not hold a selector; a selector is written like `{critical:true}`");
    row!(a_role_attribute_is_told: "proj/${roleAttribute/p}:env/*" tells
        "[${roleAttribute/p}] `${roleAttribute/p}` is a placeholder, and a subscription has nothing to fill it with; \
         write the key itself, or `*`");
    row!(a_role_attribute_is_told_in_a_view: "proj/*:env/*:flag/*;view:${roleAttribute/v}" tells
        "[${roleAttribute/v}] `${roleAttribute/v}` is a placeholder, and a subscription has nothing to fill it with; \
         write the key itself, or `*`");
    row!(each_segment_tells_its_own_mistake: "proj/:env/*;:*/x" tells
        "[proj/] `proj` has no name; write `proj/*` for every one",
        "[] a filter is missing after `;` or `,`; remove it, or write a tag",
        "[*] a type cannot have a star: `*`; name each type in an entry of its own");
}
