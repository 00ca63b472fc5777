//! What an event touches, as far as the event tells.

use std::borrow::Cow;
use std::fmt;

/// The type of environments in specifiers.
pub(super) const ENVIRONMENT: &str = "env";
/// The name that stands for every environment in events.
pub const ALL_ENVIRONMENTS: &str = "~";

/// One thing that happened: an action on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<'a> {
    /// What was touched.
    pub resource: Resource<'a>,
    /// What was done to it; empty when the event does not tell.
    pub action: Cow<'a, str>,
}

/// One resource with its parents, outermost first. Without segments it is one that the event does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource<'a> {
    /// Project, environment, flag; or whatever the resource is made of.
    pub segments: Vec<Segment<'a>>,
}

/// One level of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Its type, as specifiers write it: `proj`.
    pub kind: Cow<'a, str>,
    /// Its key or id; empty when the event does not tell, or the type has no names.
    pub name: Cow<'a, str>,
    /// Its tags; `None` when the event does not tell.
    pub tags: Option<Vec<Cow<'a, str>>>,
}

/// What a written segment without `;` says about tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnstatedTags {
    /// There are none: who wrote it states the whole resource.
    Empty,
    /// Nothing: tags may exist that were not written.
    Unknown,
}

/// Why a text names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// Nothing is written, or nothing stands between two colons.
    #[error("a resource is segments `type/name` joined by `:`, and one of them is empty")]
    EmptySegment,
    /// A type without a name that is not one of the nameless types.
    #[error("`{0}` has no name; a segment is `type/name`")]
    NoName(String),
}

impl<'a> Resource<'a> {
    /// Reads a resource as audit logs write it: `proj/web:env/test:flag/nav;ops,security`.
    ///
    /// Types need not be known here: platforms add some before the vocabulary has them. All environments,
    /// `env/~` or `env/*`, never have tags of their own unless they are written.
    ///
    /// # Errors
    /// Text that is not segments of type and name.
    pub fn parse(text: &'a str, unstated: UnstatedTags) -> Result<Resource<'a>, ResourceError> {
        let segments = text.split(':').map(|segment| Segment::parse(segment, unstated)).collect::<Result<_, _>>()?;
        Ok(Resource { segments })
    }

    /// Whether it is in every environment at once.
    pub fn in_all_environments(&self) -> bool {
        self.segments.iter().any(Segment::is_all_environments)
    }

    /// Prints the resource with `environment` where it says "all environments".
    pub(super) fn display_in<'r>(&'r self, environment: Option<&'r str>) -> impl fmt::Display + use<'r, 'a> {
        DisplayIn { resource: self, environment }
    }
}

impl<'a> Segment<'a> {
    /// A segment whose tags the event does not tell.
    pub fn new(kind: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>) -> Self {
        Segment { kind: kind.into(), name: name.into(), tags: None }
    }

    /// Adds its tags, or that they are not told.
    #[must_use]
    pub fn with_tags(mut self, tags: Option<Vec<Cow<'a, str>>>) -> Self {
        self.tags = tags;
        self
    }

    /// Whether it stands for every environment. Audit logs have been seen to write `env/*` for `env/~`.
    pub(super) fn is_all_environments(&self) -> bool {
        self.kind == ENVIRONMENT && (self.name == ALL_ENVIRONMENTS || self.name == "*")
    }

    fn parse(text: &'a str, unstated: UnstatedTags) -> Result<Self, ResourceError> {
        let (head, tags) = match text.split_once(';') {
            Some((head, tags)) => (head, Some(tags)),
            None => (text, None),
        };
        // The stray slash of `:/flag/x` is in published examples.
        let head = head.strip_prefix('/').unwrap_or(head);
        let (kind, name) = head.split_once('/').unwrap_or((head, ""));
        if kind.is_empty() {
            return Err(ResourceError::EmptySegment);
        }
        let named = super::Vocabulary::built_in().resource_type(kind).is_none_or(|known| known.named);
        if named && name.is_empty() {
            return Err(ResourceError::NoName(head.to_owned()));
        }
        let segment = Segment::new(kind, name);
        let tags = match tags {
            Some(tags) => Some(tags.split(',').filter(|tag| !tag.is_empty()).map(Cow::Borrowed).collect()),
            None if unstated == UnstatedTags::Unknown || segment.is_all_environments() => None,
            None => Some(Vec::new()),
        };
        Ok(segment.with_tags(tags))
    }
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display_in(None).fmt(formatter)
    }
}

struct DisplayIn<'r, 'a> {
    resource: &'r Resource<'a>,
    environment: Option<&'r str>,
}

impl fmt::Display for DisplayIn<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.resource.segments.iter().enumerate() {
            let name = match self.environment {
                Some(environment) if segment.is_all_environments() => environment,
                _ => &segment.name,
            };
            formatter.write_str(if at == 0 { "" } else { ":" })?;
            formatter.write_str(&segment.kind)?;
            if !name.is_empty() {
                write!(formatter, "/{name}")?;
            }
            let tags = segment.tags.as_deref().unwrap_or_default();
            for (at, tag) in tags.iter().enumerate() {
                write!(formatter, "{}{tag}", if at == 0 { ";" } else { "," })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Resource, ResourceError, UnstatedTags};

    fn parsed(text: &str) -> Resource<'_> {
        Resource::parse(text, UnstatedTags::Empty).expect("the row is a resource")
    }

    #[test]
    fn it_prints_as_it_was_written() {
        for text in ["proj/web:env/test:flag/nav;ops,security", "acct", "member/5f;a:token/x", "proj/web:env/~:flag/n"]
        {
            assert_eq!(parsed(text).to_string(), text);
        }
    }

    #[test]
    fn unwritten_tags_are_none_or_unknown_as_the_writer_means_it() {
        let text = "proj/web:env/~:flag/nav;";
        let tags = |unstated| -> Vec<Option<usize>> {
            let resource = Resource::parse(text, unstated).expect("a resource");
            resource.segments.iter().map(|segment| segment.tags.as_ref().map(Vec::len)).collect()
        };
        assert_eq!(tags(UnstatedTags::Empty), [Some(0), None, Some(0)]);
        assert_eq!(tags(UnstatedTags::Unknown), [None, None, Some(0)]);
    }

    #[test]
    fn what_is_no_resource_is_an_error() {
        for text in ["", "proj/web::flag/nav", "proj/web:", ";ops"] {
            assert_eq!(Resource::parse(text, UnstatedTags::Empty), Err(ResourceError::EmptySegment), "{text}");
        }
        for text in ["nav", "proj/", "proj/web:flag;ops"] {
            assert!(matches!(Resource::parse(text, UnstatedTags::Empty), Err(ResourceError::NoName(_))), "{text}");
        }
    }
}
