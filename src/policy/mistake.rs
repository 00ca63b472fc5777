//! What can be wrong with a written policy, each with its place and its remedy.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::{List, Vocabulary};

/// Where in a policy something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Which statement, from 0.
    pub statement: usize,
    /// Which key of the statement, when it is about one.
    pub key: Option<Cow<'static, str>>,
    /// Which entry of that key's list, from 0, when it is about one.
    pub entry: Option<usize>,
    /// Which bytes of that entry, when it is about some.
    pub within: Option<Range<usize>>,
}

impl Spot {
    pub(super) fn statement(statement: usize) -> Spot {
        Spot { statement, key: None, entry: None, within: None }
    }

    pub(super) fn key(statement: usize, key: impl Into<Cow<'static, str>>) -> Spot {
        Spot { key: Some(key.into()), ..Spot::statement(statement) }
    }

    pub(super) fn entry(statement: usize, list: List, entry: usize) -> Spot {
        Spot { entry: Some(entry), ..Spot::key(statement, list.key()) }
    }

    pub(super) fn within(self, within: Range<usize>) -> Spot {
        Spot { within: Some(within), ..self }
    }

    /// The place as a JSON pointer from the list of statements: `/0/resources/1`.
    pub fn pointer(&self) -> String {
        let mut pointer = format!("/{}", self.statement);
        if let Some(key) = &self.key {
            pointer.push('/');
            pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        }
        if let Some(entry) = self.entry {
            pointer.push_str(&format!("/{entry}"));
        }
        pointer
    }

    /// The list, when the place is in one.
    pub fn list(&self) -> Option<List> {
        List::ALL.into_iter().find(|list| self.key.as_deref() == Some(list.key()))
    }
}

/// A mistake that keeps a policy from being used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{mistake}")]
pub struct PolicyError {
    /// Where it is.
    pub spot: Spot,
    /// What it is.
    pub mistake: Mistake,
}

impl PolicyError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        self.mistake.help()
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// A statement that is no JSON object.
    NotAStatement,
    /// A key that no statement has.
    UnknownKey {
        /// The key.
        key: String,
        /// The key that was probably meant.
        near: Option<&'static str>,
    },
    /// An `effect` that is neither of the two.
    UnknownEffect(String),
    /// A list that is something else.
    NotAList(List),
    /// An entry that is no string.
    NotAString(List),
    /// A list and its opposite in one statement.
    Twins(List, List),
    /// An entry without text.
    Empty(List),
    /// White space before or after a word.
    Space {
        /// The word with its white space.
        word: String,
    },
    /// A resource where an action belongs.
    ResourceAmongActions(String),
    /// Two colons without a segment between, or one at an end.
    EmptySegment,
    /// A lone `*` among segments.
    LoneStar,
    /// A segment without a slash.
    NoSlash {
        /// The segment.
        segment: String,
        /// What it should probably be.
        remedy: Option<String>,
    },
    /// A segment that starts with its slash.
    NoType(String),
    /// A type with a star.
    WildcardInType(String),
    /// A type that is not known.
    UnknownType {
        /// The type.
        written: String,
        /// The type that was probably meant.
        near: Option<String>,
    },
    /// A type without a name.
    NoName {
        /// The type.
        kind: String,
    },
    /// A name for a type that has none.
    NameOnNameless {
        /// The type.
        kind: String,
    },
    /// A second slash in a segment.
    SlashInName {
        /// The segment.
        segment: String,
        /// The segments it was probably meant to be.
        remedy: Option<String>,
    },
    /// A comma in a name: `env/test,production`.
    NameWithComma {
        /// The type.
        kind: String,
        /// The name.
        name: String,
    },
    /// A `;` or `,` with nothing after it.
    EmptyFilter,
    /// A second `;` in a segment.
    SecondSemicolon,
    /// A `{` that is never closed.
    OpenBrace(String),
    /// A brace in a place where braces mean nothing.
    StrayBrace(String),
    /// Braces without `selector:value` in them.
    BadSelector(String),
    /// A filter with a slash in it.
    SlashInFilter(String),
    /// `${…}`, which belongs to member roles.
    Placeholder(String),
    /// A resource without some of the parents that it lives in.
    MissingParents {
        /// The resource as written, from its first segment.
        written: String,
        /// What is missing, in people's words.
        missing: Vec<String>,
        /// The resource with all parents.
        full: String,
    },
    /// Parents in which the resource does not live.
    WrongParents {
        /// The type of the last segment.
        kind: String,
        /// Where it lives: the specifier of all of them.
        form: String,
    },
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = |kind: &str| super::near::with_article(Vocabulary::built_in().noun(kind));
        match self {
            Mistake::NotAStatement => write!(formatter, "a statement is an object"),
            Mistake::UnknownKey { key, .. } => write!(formatter, "a statement has no key `{key}`"),
            Mistake::UnknownEffect(effect) => write!(formatter, "an effect is `allow` or `deny`, not `{effect}`"),
            Mistake::NotAList(list) => write!(formatter, "`{}` is a list of strings", list.key()),
            Mistake::NotAString(list) => write!(formatter, "an entry of `{}` is a string", list.key()),
            Mistake::Twins(list, twin) => {
                write!(formatter, "a statement has either `{}` or `{}`, not both", list.key(), twin.key())
            }
            Mistake::Empty(List::Resources | List::NotResources) => write!(formatter, "the resource is empty"),
            Mistake::Empty(List::Actions | List::NotActions) => write!(formatter, "the action is empty"),
            Mistake::Space { word } => write!(formatter, "white space around `{}` is part of it", word.trim()),
            Mistake::ResourceAmongActions(word) => write!(formatter, "`{word}` is a resource among actions"),
            Mistake::EmptySegment => write!(formatter, "there is no segment before or after a `:`"),
            Mistake::LoneStar => write!(formatter, "a lone `*` is no segment"),
            Mistake::NoSlash { segment, .. } => write!(formatter, "`{segment}` is no segment of a resource"),
            Mistake::NoType(segment) => write!(formatter, "`{segment}` has no type before its slash"),
            Mistake::WildcardInType(kind) => write!(formatter, "a type cannot have a star: `{kind}`"),
            Mistake::UnknownType { written, .. } => write!(formatter, "no resource type is named `{written}`"),
            Mistake::NoName { kind } => write!(formatter, "`{kind}` has no name"),
            Mistake::NameOnNameless { kind } => write!(formatter, "{} has no name in a resource", noun(kind)),
            Mistake::SlashInName { segment, .. } => write!(formatter, "`{segment}` has two slashes"),
            Mistake::NameWithComma { name, .. } => write!(formatter, "the name `{name}` has a comma"),
            Mistake::EmptyFilter => write!(formatter, "a filter is missing after `;` or `,`"),
            Mistake::SecondSemicolon => write!(formatter, "a segment has at most one `;`"),
            Mistake::OpenBrace(word) => write!(formatter, "the brace of `{word}` is never closed"),
            Mistake::StrayBrace(word) => write!(formatter, "the braces of `{word}` do not hold a selector"),
            Mistake::BadSelector(word) => write!(formatter, "`{word}` is no selector"),
            Mistake::SlashInFilter(word) => write!(formatter, "the filter `{word}` has a slash"),
            Mistake::Placeholder(word) => {
                write!(formatter, "`{word}` is a placeholder, and a subscription has nothing to fill it with")
            }
            Mistake::MissingParents { written, missing, .. } => {
                write!(formatter, "`{written}` is missing its {}", super::near::joined(missing, "and"))
            }
            Mistake::WrongParents { kind, .. } => {
                let parent = Vocabulary::built_in().resource_type(kind).and_then(|known| known.parent.as_deref());
                match parent {
                    Some(parent) => write!(formatter, "{} lives in {}, and nowhere else", noun(kind), noun(parent)),
                    None => write!(formatter, "{} has no parent", noun(kind)),
                }
            }
        }
    }
}

impl Mistake {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Mistake::NotAStatement | Mistake::NotAList(_) | Mistake::NotAString(_) => return None,
            Mistake::UnknownKey { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Mistake::UnknownKey { near: None, .. } => {
                "the keys are `effect`, `resources`, `notResources`, `actions` and `notActions`".to_owned()
            }
            Mistake::UnknownEffect(effect) => {
                let near = super::near::nearest(effect, ["allow", "deny"])?;
                format!("did you mean `{near}`?")
            }
            Mistake::Twins(list, twin) => format!("remove `{}` or `{}`", list.key(), twin.key()),
            Mistake::Empty(List::Resources | List::NotResources) => "write `*` for every resource".to_owned(),
            Mistake::Empty(List::Actions | List::NotActions) => "write `*` for every action".to_owned(),
            Mistake::Space { .. } => "remove the white space".to_owned(),
            Mistake::ResourceAmongActions(_) => "move it to `resources`".to_owned(),
            Mistake::EmptySegment => "remove the `:`".to_owned(),
            Mistake::LoneStar => "write `*` alone for every resource, or `type/*` for every one of a type".to_owned(),
            Mistake::NoSlash { remedy: Some(remedy), .. } => format!("write `{remedy}`"),
            Mistake::NoSlash { remedy: None, .. } | Mistake::NoType(_) => {
                "a segment is `type/name`, as in `flag/checkout`".to_owned()
            }
            Mistake::WildcardInType(_) => "name each type in an entry of its own".to_owned(),
            Mistake::UnknownType { near, .. } => format!("did you mean `{}`?", near.as_ref()?),
            Mistake::NoName { kind } => format!("write `{kind}/*` for every one"),
            Mistake::NameOnNameless { kind } => format!("write `{kind}`"),
            Mistake::SlashInName { remedy: Some(remedy), .. } => format!("write `{remedy}`"),
            Mistake::SlashInName { .. } | Mistake::SlashInFilter(_) => "segments are joined by `:`".to_owned(),
            Mistake::EmptyFilter => "remove it, or write a tag".to_owned(),
            Mistake::SecondSemicolon => "join filters by `,`".to_owned(),
            Mistake::NameWithComma { kind, name } => {
                let (first, rest) = name.split_once(',').unwrap_or((name, ""));
                format!("write an entry for each name, or tags as `{kind}/{first};{rest}`")
            }
            Mistake::OpenBrace(_) | Mistake::StrayBrace(_) | Mistake::BadSelector(_) => {
                "a selector is written like `{critical:true}`".to_owned()
            }
            Mistake::Placeholder(_) => "write the key itself, or `*`".to_owned(),
            Mistake::MissingParents { full, .. } => format!("write `{full}`"),
            Mistake::WrongParents { form, .. } => format!("write it like `{form}`"),
        })
    }
}
