//! Resource specifiers: text in, what it covers out, and every mistake on the way.

use std::fmt;
use std::ops::Range;

use super::glob::Glob;
use super::mistake::Mistake;
use super::resource::{Resource, Segment};
use super::truth::Truth;
use super::vocabulary::Vocabulary;

/// What one entry of `resources` or `notResources` covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Specifier {
    /// A lone `*`: every resource of every type and depth.
    Every,
    /// Segments, each of a type; it covers resources of exactly these types.
    Segments(Box<[SegmentPattern]>),
}

/// What one segment must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentPattern {
    pub(super) kind: Box<str>,
    /// `None` for the types that have no names.
    pub(super) name: Option<Glob>,
    /// All of them must hold.
    pub(super) filters: Box<[Filter]>,
}

/// What else a segment must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// Some tag looks like this.
    Tag(Glob),
    /// `{critical:true}` or `view:frontend`, as written: a property that events do not tell.
    Property(Box<str>),
}

/// A specifier as read, with the stray slashes that reading it passed over.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) specifier: Specifier,
    pub(super) stray_slashes: Vec<Range<usize>>,
}

impl Specifier {
    /// Reads a specifier. Each mistake comes with the bytes it is about.
    pub(super) fn read(text: &str) -> Result<Read, Vec<(Range<usize>, Mistake)>> {
        super::specifier_reader::read(text, Vocabulary::built_in())
    }

    /// Whether it covers `resource`, taken in `environment` where the resource is in all of them.
    pub(super) fn covers(&self, resource: &Resource<'_>, environment: Option<&str>) -> Truth {
        let Specifier::Segments(patterns) = self else { return Truth::Yes };
        if resource.segments.is_empty() {
            return Truth::Unknown;
        }
        if !self.has_types_of(resource) {
            return Truth::No;
        }
        Truth::all(
            patterns.iter().zip(&resource.segments).map(|(pattern, segment)| pattern.covers(segment, environment)),
        )
    }

    /// Whether types and depth are those of `resource`.
    pub(super) fn has_types_of(&self, resource: &Resource<'_>) -> bool {
        match self {
            Specifier::Every => true,
            Specifier::Segments(patterns) => {
                patterns.len() == resource.segments.len()
                    && patterns.iter().zip(&resource.segments).all(|(pattern, segment)| *pattern.kind == *segment.kind)
            }
        }
    }

    /// The type of what it covers; `None` for a lone `*`.
    pub(super) fn kind(&self) -> Option<&str> {
        match self {
            Specifier::Every => None,
            Specifier::Segments(patterns) => patterns.last().map(|pattern| &*pattern.kind),
        }
    }

    /// Whether it covers every resource of its type.
    pub(super) fn covers_all_of_its_kind(&self) -> bool {
        match self {
            Specifier::Every => true,
            Specifier::Segments(patterns) => patterns
                .iter()
                .all(|pattern| pattern.filters.is_empty() && matches!(pattern.name, None | Some(Glob::Any))),
        }
    }

    pub(super) fn segments(&self) -> &[SegmentPattern] {
        match self {
            Specifier::Every => &[],
            Specifier::Segments(patterns) => patterns,
        }
    }
}

impl SegmentPattern {
    fn covers(&self, segment: &Segment<'_>, environment: Option<&str>) -> Truth {
        match self.covers_name(self.name_of(segment, environment)) {
            Truth::No => Truth::No,
            name => name.and(Truth::all(self.filters.iter().map(|filter| filter.holds_for(segment)))),
        }
    }

    /// The name to compare: that of `environment`, where the segment means all of them.
    pub(super) fn name_of<'n>(&self, segment: &'n Segment<'_>, environment: Option<&'n str>) -> &'n str {
        match environment {
            Some(environment) if segment.is_all_environments() => environment,
            _ => &segment.name,
        }
    }

    pub(super) fn covers_name(&self, name: &str) -> Truth {
        match &self.name {
            None | Some(Glob::Any) => Truth::Yes,
            // Nothing has an empty name: the event did not tell it.
            Some(_) if name.is_empty() => Truth::Unknown,
            Some(pattern) => pattern.covers(name).into(),
        }
    }
}

impl Filter {
    pub(super) fn holds_for(&self, segment: &Segment<'_>) -> Truth {
        match (self, &segment.tags) {
            (Filter::Tag(_), None) => Truth::Unknown,
            (Filter::Tag(pattern), Some(tags)) => tags.iter().any(|tag| pattern.covers(tag)).into(),
            (Filter::Property(_), _) => Truth::Unknown,
        }
    }
}

impl fmt::Display for Specifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Specifier::Segments(patterns) = self else { return formatter.write_str("*") };
        for (at, pattern) in patterns.iter().enumerate() {
            formatter.write_str(if at == 0 { "" } else { ":" })?;
            pattern.fmt(formatter)?;
        }
        Ok(())
    }
}

impl fmt::Display for SegmentPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.kind)?;
        if let Some(name) = &self.name {
            write!(formatter, "/{name}")?;
        }
        for (at, filter) in self.filters.iter().enumerate() {
            formatter.write_str(if at == 0 { ";" } else { "," })?;
            filter.fmt(formatter)?;
        }
        Ok(())
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Filter::Tag(pattern) => pattern.fmt(formatter),
            Filter::Property(text) => formatter.write_str(text),
        }
    }
}
