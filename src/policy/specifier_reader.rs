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
            Some(known) if !known.named => Ok(SegmentPattern {
                kind: head.into(),
                name: None,
                filters: read_filters(filters, head_span.end + 1)?,
            }),
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
        return Err(wrong(Mistake::SlashInName(head.to_owned())));
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

/// What is wrong with the types of well-formed segments.
fn wrong_types(text: &str, segments: &[(Range<usize>, SegmentPattern)], vocabulary: &Vocabulary) -> Option<Found> {
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
