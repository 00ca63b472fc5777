//! What a compiled template says without rendering it: names it reads, helpers it calls, how its blocks lie.
//!
//! Rules about templates ask here. What cannot be known before a render (a section's context, the result of a
//! helper) is `None`, never guessed.

use std::ops::Range;

use super::compiled::{Block, Call, CallId, Compiled, Helper, Node, Operand, Path, PathId, ProgramId, Start, Subject};
use super::number_text::push_number;

/// One name that a template reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// As written: `member.email`, `../name`, `@index`.
    pub written: String,
    /// Its bytes in the template.
    pub span: Range<usize>,
    /// The names in it, without `../`, `this`, `@` and the block parameter that it may start with.
    pub path: Vec<String>,
    /// What it starts from.
    pub origin: Origin,
    /// What it is read for.
    pub role: Role,
    /// Where it leads from the root on, when that is known: in `{{#each tags}}{{this}}{{/each}}`, `this` is
    /// `tags` and then an item. `None` within sections, in values that helpers make, for `@index` and its like.
    pub resolved: Option<Vec<Step>>,
    /// The blocks around it, outermost first.
    pub within: Vec<Enclosing>,
}

/// What a name starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The context, or the one so many `../` up.
    Context {
        /// How many `../`.
        up: usize,
    },
    /// The root, by `@root`.
    Root,
    /// A block parameter.
    BlockParameter,
    /// An `@` name other than `@root`.
    Data,
}

/// What a name is read for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Printed.
    Value {
        /// `{{x}}`, not `{{{x}}}`.
        escaped: bool,
    },
    /// Decides an `if` or `unless`.
    Condition,
    /// What `each` or `with` goes into.
    BlockTarget,
    /// Opens a section, `{{#x}}` or `{{^x}}`.
    Section,
    /// Given to a helper.
    Argument {
        /// The helper's name.
        helper: String,
        /// Its place, from 0; `None` for named ones.
        position: Option<usize>,
    },
}

/// One step from the root on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To a member.
    Member(String),
    /// To each item or member in turn.
    Item,
}

/// A block around something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosing {
    /// The helper's name; `None` for sections.
    pub helper: Option<String>,
    /// What was given to it, or opens the section, as written.
    pub arguments: Vec<String>,
    /// Whether it is the block's second side, behind `{{else}}`.
    pub inverse: bool,
    /// Bytes of its opening tag.
    pub span: Range<usize>,
}

/// One call of a helper, or of a name that is none.
#[derive(Debug, Clone, PartialEq)]
pub struct HelperCall {
    /// The name as written.
    pub name: String,
    /// Whether there is such a helper.
    pub known: bool,
    /// The helper whose name is nearest, for those that are not known.
    pub suggestion: Option<&'static str>,
    /// Bytes of the name.
    pub name_span: Range<usize>,
    /// Bytes of the whole tag or subexpression.
    pub span: Range<usize>,
    /// Where it stands.
    pub form: CallForm,
    /// What is given to it.
    pub arguments: Vec<Argument>,
    /// What is given to it by name.
    pub named: Vec<(String, Argument)>,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallForm {
    /// `{{name …}}`.
    Inline,
    /// `{{#name …}}`.
    Block,
    /// `(name …)`.
    Subexpression,
}

/// What is given to a helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A text in quotes.
    Text(String),
    /// `12`, `true`, `null`, `undefined`: as it prints.
    Literal(String),
    /// A name, as written.
    Name(String),
    /// A subexpression.
    Call,
}

/// The template laid out flat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text, after white space was taken away.
    Text(Range<usize>),
    /// A tag that prints.
    Value {
        /// Bytes of the name or of the helper's whole tag.
        span: Range<usize>,
        /// `{{x}}`, not `{{{x}}}`.
        escaped: bool,
    },
    /// A block begins. An `{{else if}}` is a block within the second side of the one before.
    Open(Enclosing),
    /// Its second side begins.
    Else,
    /// It ends.
    Close,
    /// A partial or a decorator, which is refused when it is reached.
    Unsupported(Range<usize>),
}

/// Everything there is to say about a template.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) references: Vec<Reference>,
    pub(super) calls: Vec<HelperCall>,
    pub(super) pieces: Vec<Piece>,
}

/// Walks the whole template once.
pub(super) fn survey(template: &Compiled) -> Survey {
    let mut walk = Walk {
        template,
        survey: Survey::default(),
        contexts: vec![Some(Vec::new())],
        params: Vec::new(),
        within: Vec::new(),
    };
    walk.program(template.main);
    walk.survey
}

/// A path from the root on, when it is known.
type Place = Option<Vec<Step>>;

struct Walk<'t> {
    template: &'t Compiled,
    survey: Survey,
    contexts: Vec<Place>,
    /// Level of a program, and what its parameters are.
    params: Vec<(u16, Vec<Place>)>,
    within: Vec<Enclosing>,
}

impl<'t> Walk<'t> {
    fn program(&mut self, id: ProgramId) {
        let template = self.template;
        for node in template.nodes(template.program(id)) {
            match node {
                Node::Text(span) => self.survey.pieces.push(Piece::Text(span.range())),
                Node::Value { path, escaped } => {
                    self.reference(*path, Role::Value { escaped: *escaped });
                    let span = template.path(*path).span.range();
                    self.survey.pieces.push(Piece::Value { span, escaped: *escaped });
                }
                Node::Call { call, escaped } => {
                    self.call(*call, CallForm::Inline);
                    let span = template.call(*call).span.range();
                    self.survey.pieces.push(Piece::Value { span, escaped: *escaped });
                }
                Node::Block(block) => self.block(template.block(*block)),
                Node::Refused(span) => self.survey.pieces.push(Piece::Unsupported(span.range())),
            }
        }
    }

    fn block(&mut self, block: &'t Block) {
        let template = self.template;
        let (helper, arguments, inner) = match block.subject {
            Subject::Section(path) => {
                self.reference(path, Role::Section);
                // It may be a list, an object, or only true.
                (None, vec![template.text(template.path(path).span).to_owned()], Inner::Unknown)
            }
            Subject::Call(id) => {
                self.call(id, CallForm::Block);
                let call = template.call(id);
                let target = template.arguments(call).first().and_then(|operand| match operand {
                    Operand::Path(path) => self.place(template.path(*path)),
                    _ => None,
                });
                let inner = match call.helper {
                    Helper::With => Inner::Target(target),
                    Helper::Each => Inner::Items(target),
                    _ => Inner::Same,
                };
                let arguments = template.arguments(call).iter().map(|operand| self.written(*operand)).collect();
                (Some(template.text(call.name).to_owned()), arguments, inner)
            }
        };
        let enclosing = Enclosing { helper, arguments, inverse: false, span: block.span.range() };
        self.survey.pieces.push(Piece::Open(enclosing.clone()));
        self.within.push(enclosing);
        if let Some(program) = block.program {
            self.side(program, inner);
        }
        if let Some(last) = self.within.last_mut() {
            last.inverse = true;
        }
        if let Some(inverse) = block.inverse {
            self.survey.pieces.push(Piece::Else);
            self.side(inverse, Inner::Same);
        }
        self.within.pop();
        self.survey.pieces.push(Piece::Close);
    }

    fn side(&mut self, id: ProgramId, inner: Inner) {
        let (context, params) = match inner {
            Inner::Same => (None, Vec::new()),
            Inner::Unknown => (Some(None), Vec::new()),
            Inner::Target(target) => (Some(target.clone()), vec![target]),
            Inner::Items(target) => {
                let item = target.map(|steps| [steps, vec![Step::Item]].concat());
                (Some(item.clone()), vec![item])
            }
        };
        let own_context = context.is_some();
        self.contexts.extend(context);
        self.params.push((self.template.program(id).level, params));
        self.program(id);
        self.params.pop();
        if own_context {
            self.contexts.pop();
        }
    }

    fn call(&mut self, id: CallId, form: CallForm) {
        let template = self.template;
        let call = template.call(id);
        let name = template.text(call.name).to_owned();
        let known = !matches!(call.helper, Helper::Unknown(_) | Helper::Hook);
        let arguments = template.arguments(call).iter().map(|operand| self.argument(*operand)).collect();
        let named = template.hash(call).iter();
        let named = named.map(|entry| (template.text(entry.key).to_owned(), self.argument(entry.value))).collect();
        self.survey.calls.push(HelperCall {
            suggestion: if known { None } else { super::helpers::near_miss(&name) },
            name,
            known,
            name_span: call.name.range(),
            span: call.span.range(),
            form,
            arguments,
            named,
        });
        self.arguments(call);
    }

    fn arguments(&mut self, call: &'t Call) {
        let template = self.template;
        let helper = template.text(call.name);
        for (position, operand) in template.arguments(call).iter().enumerate() {
            let role = match call.helper {
                Helper::If | Helper::Unless if position == 0 => Role::Condition,
                Helper::Each | Helper::With if position == 0 => Role::BlockTarget,
                _ => Role::Argument { helper: helper.to_owned(), position: Some(position) },
            };
            self.given(*operand, role);
        }
        for entry in template.hash(call) {
            self.given(entry.value, Role::Argument { helper: helper.to_owned(), position: None });
        }
    }

    fn given(&mut self, operand: Operand, role: Role) {
        match operand {
            Operand::Path(path) => self.reference(path, role),
            Operand::Call(call) => self.call(call, CallForm::Subexpression),
            _ => {}
        }
    }

    fn reference(&mut self, id: PathId, role: Role) {
        let template = self.template;
        let path = template.path(id);
        let mut names: Vec<String> =
            template.parts(path).iter().map(|part| template.text(part.name).to_owned()).collect();
        let origin = match path.start {
            Start::Context(up) => Origin::Context { up: usize::from(up) },
            Start::Param { .. } => Origin::BlockParameter,
            Start::Data(_) if names.first().is_some_and(|name| name == "root") => {
                names.remove(0);
                Origin::Root
            }
            Start::Data(_) => Origin::Data,
        };
        self.survey.references.push(Reference {
            written: template.text(path.span).to_owned(),
            span: path.span.range(),
            path: names,
            origin,
            role,
            resolved: self.place(path),
            within: self.within.clone(),
        });
    }

    /// Where a path leads from the root on.
    fn place(&self, path: &Path) -> Place {
        let template = self.template;
        let mut names = template.parts(path).iter().map(|part| template.text(part.name));
        let start = match path.start {
            Start::Context(up) => {
                let at = self.contexts.len().checked_sub(1 + usize::from(up))?;
                self.contexts[at].clone()
            }
            Start::Data(_) if names.next() == Some("root") => Some(Vec::new()),
            Start::Data(_) => None,
            Start::Param { level, index } => {
                let (_, params) = self.params.iter().rev().find(|(known, _)| *known == level)?;
                params.get(usize::from(index))?.clone()
            }
        };
        let mut steps = start?;
        steps.extend(names.map(|name| Step::Member(name.to_owned())));
        Some(steps)
    }

    fn argument(&self, operand: Operand) -> Argument {
        match operand {
            Operand::Text(span) => Argument::Text(self.template.text(span).to_owned()),
            Operand::Path(_) => Argument::Name(self.written(operand)),
            Operand::Call(_) => Argument::Call,
            _ => Argument::Literal(self.written(operand)),
        }
    }

    fn written(&self, operand: Operand) -> String {
        match operand {
            Operand::Undefined => "undefined".to_owned(),
            Operand::Null => "null".to_owned(),
            Operand::Bool(flag) => flag.to_string(),
            Operand::Number(number) => {
                let mut out = String::new();
                push_number(&mut out, number);
                out
            }
            Operand::Text(span) => format!("'{}'", self.template.text(span)),
            Operand::Path(path) => self.template.text(self.template.path(path).span).to_owned(),
            Operand::Call(call) => self.template.text(self.template.call(call).span).to_owned(),
        }
    }
}

/// The context inside a block.
enum Inner {
    /// As outside.
    Same,
    /// Not to be known.
    Unknown,
    /// What was given.
    Target(Place),
    /// Each item of what was given.
    Items(Place),
}

#[cfg(test)]
mod tests {
    use super::{Argument, CallForm, Origin, Role, Step};
    use crate::render::Template;

    fn resolved(template: &str) -> Vec<String> {
        let template = Template::compile(template).expect("it compiles");
        let references = template.references();
        references
            .iter()
            .map(|reference| {
                let steps = reference.resolved.as_ref().map_or("?".to_owned(), |steps| {
                    let names = steps.iter().map(|step| match step {
                        Step::Member(name) => name.as_str(),
                        Step::Item => "*",
                    });
                    names.collect::<Vec<_>>().join(".")
                });
                format!("{}={steps}", reference.written)
            })
            .collect()
    }

    #[test]
    fn names_are_followed_through_blocks() {
        assert_eq!(
            resolved("{{#with a.b}}{{c}}{{../d}}{{#if ../e}}{{this}}{{/if}}{{@root.f}}{{else}}{{g}}{{/with}}"),
            ["a.b=a.b", "c=a.b.c", "../d=d", "../e=e", "this=a.b", "@root.f=f", "g=g"]
        );
        assert_eq!(
            resolved("{{#each tags as |tag at|}}{{tag.name}}{{at}}{{@index}}{{name}}{{/each}}"),
            ["tags=tags", "tag.name=tags.*.name", "at=?", "@index=?", "name=tags.*.name"]
        );
        assert_eq!(resolved("{{#list}}{{name}}{{../name}}{{/list}}"), ["list=list", "name=?", "../name=name"]);
        assert_eq!(resolved("{{#with (lookup a b)}}{{c}}{{/with}}"), ["a=a", "b=b", "c=?"]);
    }

    #[test]
    fn roles_tell_what_a_name_is_read_for() {
        let template = Template::compile(
            "{{a}}{{{b}}}{{#if c}}{{/if}}{{#each d}}{{/each}}{{#e}}{{/e}}{{lookup f 'g'}}{{#equal h 1}}{{/equal}}",
        )
        .expect("it compiles");
        let roles: Vec<Role> = template.references().into_iter().map(|reference| reference.role).collect();
        let argument = |helper: &str| Role::Argument { helper: helper.to_owned(), position: Some(0) };
        assert_eq!(
            roles,
            [
                Role::Value { escaped: true },
                Role::Value { escaped: false },
                Role::Condition,
                Role::BlockTarget,
                Role::Section,
                argument("lookup"),
                argument("equal"),
            ]
        );
    }

    #[test]
    fn calls_of_unknown_helpers_are_told_with_a_suggestion() {
        let template = Template::compile("{{pathEncod (lookup a 'b')}}{{#foo 1 x=true}}{{/foo}}").expect("it compiles");
        let calls = template.helper_calls();
        let names: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.known, call.suggestion)).collect();
        assert_eq!(names, [("pathEncod", false, Some("pathEncode")), ("lookup", true, None), ("foo", false, None)]);
        assert_eq!(calls[1].form, CallForm::Subexpression);
        assert_eq!(calls[1].arguments, [Argument::Name("a".to_owned()), Argument::Text("b".to_owned())]);
        assert_eq!(calls[2].named, [("x".to_owned(), Argument::Literal("true".to_owned()))]);
        assert_eq!(&template.source()[calls[0].name_span.clone()], "pathEncod");
    }

    #[test]
    fn blocks_around_a_name_are_known_with_their_side() {
        let template = Template::compile("{{#if a}}{{b}}{{else}}{{c}}{{/if}}{{@root.d}}").expect("it compiles");
        let references = template.references();
        let sides: Vec<Vec<bool>> =
            references.iter().map(|it| it.within.iter().map(|block| block.inverse).collect()).collect();
        assert_eq!(sides, [vec![], vec![false], vec![true], vec![]]);
        assert_eq!(references[1].within[0].helper.as_deref(), Some("if"));
        assert_eq!(references[1].within[0].arguments, ["a"]);
        assert_eq!(references[3].origin, Origin::Root);
        assert_eq!(references[3].path, ["d"]);
    }
}
