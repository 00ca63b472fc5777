//! A template read once: every name it looks up, with what stands behind it.

use std::ops::Range;

use super::scope::Scope;
use super::shape::{Member, Shape};
use crate::catalog::TemplateText;
use crate::render::outline::{Block, Call, Operand, Part, Path};

/// A template, and what it asks for.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The template.
    pub(crate) template: &'a TemplateText,
    /// What it may use; nothing when nobody knows.
    pub(crate) scope: Option<Scope>,
    /// What it is made of; empty when it does not compile.
    pub(crate) parts: Vec<Part>,
    /// Every name that it looks up, in order.
    pub(crate) uses: Vec<Use>,
    /// Every helper that it calls, in order.
    pub(crate) helpers: Vec<HelperUse>,
    /// Texts in quotes that stand alone in a tag: they are looked up as names.
    pub(crate) texts: Vec<(String, Range<usize>)>,
}

/// One name that a template looks up.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// The name.
    pub(crate) path: Path,
    /// Its names from the root, where they are known: not for the items of a list.
    pub(crate) from_root: Option<Vec<String>>,
    /// What stands behind it.
    pub(crate) found: Lookup,
    /// What for.
    pub(crate) how: How,
    /// The innermost block around it that changes what names mean: `each tags`.
    pub(crate) inside: Option<String>,
}

/// What looking a name up gave.
#[derive(Debug, Clone)]
pub(crate) enum Lookup {
    /// It is there.
    Known(Shape),
    /// The `at`-th of its names is not in `parent`.
    Missing {
        at: usize,
        parent: Shape,
        /// Whether `parent` may have more members than are known.
        open: bool,
    },
    /// `@name` that nothing sets.
    NoData,
    /// More `../` than there are blocks that change what names mean: nothing is there.
    Outside {
        /// How many `../` lead to the name, where some number does.
        depth: Option<usize>,
    },
}

/// What a name is looked up for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// To be printed as it is.
    Printed,
    /// To be given to a helper.
    Argument(String),
    /// To decide: `if`, `unless`, a section.
    Asked,
    /// To be walked over or stepped into: `each`, `with`.
    Entered,
}

/// Helpers that make a text of whatever they are given.
const TEXT_HELPERS: [&str; 4] = ["pathEncode", "queryEncode", "basicAuthHeaderValue", "edgeGridAuth"];

impl How {
    /// Whether it is given to a helper that makes a text of whatever it is.
    pub(crate) fn makes_text(&self) -> bool {
        matches!(self, How::Argument(helper) if TEXT_HELPERS.contains(&helper.as_str()))
    }
}

/// One helper that a template calls.
#[derive(Debug, Clone)]
pub(crate) struct HelperUse {
    /// Its name as written.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) span: Range<usize>,
    /// What it is given.
    pub(crate) arguments: Vec<Given>,
    /// Whether it opens a block.
    pub(crate) block: bool,
}

/// One argument as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// A name.
    Name(String),
    /// A text or number, and where it stands.
    Literal(String, Range<usize>),
    /// What another helper makes.
    Made,
}

impl Given {
    /// The name, if it is one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Given::Name(name) => Some(name),
            Given::Literal(..) | Given::Made => None,
        }
    }
}

impl<'a> Reading<'a> {
    /// Reads a template; one that does not compile has neither parts nor uses.
    pub(crate) fn new(template: &'a TemplateText, scope: Option<Scope>, helpers: &[&str]) -> Self {
        let parts = match &template.compiled {
            Ok(_) => crate::render::outline::read(&template.text).unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let root = scope.as_ref().map(|scope| scope.root.clone()).unwrap_or_default();
        let mut walk = Walk {
            helpers,
            root: root.clone(),
            frames: Vec::new(),
            uses: Vec::new(),
            called: Vec::new(),
            texts: Vec::new(),
        };
        walk.frames.push(Frame { shape: root, from_root: Some(Vec::new()), ..Frame::default() });
        walk.parts(&parts);
        let Walk { uses, called, texts, .. } = walk;
        Reading { template, scope, parts, uses, helpers: called, texts }
    }
}

/// What names mean at one place.
#[derive(Debug, Default)]
struct Frame {
    shape: Shape,
    from_root: Option<Vec<String>>,
    /// Names that the block gives: `as |item|`.
    named: Vec<(String, Shape)>,
    /// Whether `@index` and its like are set.
    walked: bool,
    /// The tag that opened the block.
    opened_by: Option<String>,
}

struct Walk<'h> {
    helpers: &'h [&'h str],
    root: Shape,
    frames: Vec<Frame>,
    uses: Vec<Use>,
    called: Vec<HelperUse>,
    texts: Vec<(String, Range<usize>)>,
}

impl Walk<'_> {
    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Value(call) => self.call(call, false),
                Part::Block(block) => self.block(block),
            }
        }
    }

    fn is_helper(&self, call: &Call) -> bool {
        let given = !call.arguments.is_empty() || !call.named.is_empty();
        call.name().is_some_and(|name| given || self.helpers.contains(&name))
    }

    /// A tag or subexpression: a helper with arguments, or a name to print.
    fn call(&mut self, call: &Call, block: bool) {
        if !self.is_helper(call) {
            if let Operand::Literal(text, span) = &call.callee {
                self.texts.push((text.clone(), span.clone()));
            }
            self.operand(&call.callee, &How::Printed);
            return;
        }
        let Some(name) = call.name() else { return };
        self.note(call, name, block);
        // `{{elseif equal a b}}` names a helper: one mistake, told by its first word.
        let of_else = ELSE_IF.contains(&name);
        for operand in call.arguments.iter().chain(call.named.iter().map(|(_, operand)| operand)) {
            let helper = matches!(operand, Operand::Path(path) if path.simple().is_some_and(|name| self.helpers.contains(&name)));
            if !(of_else && helper) {
                self.operand(operand, &How::Argument(name.to_owned()));
            }
        }
        // The path that this helper signs is a template within a text.
        if name == "edgeGridAuth"
            && let Some(Operand::Literal(text, span)) = call.arguments.get(1)
        {
            self.nested(text, span);
        }
    }

    fn nested(&mut self, text: &str, span: &Range<usize>) {
        let first = self.uses.len();
        self.parts(&crate::render::outline::read(text).unwrap_or_default());
        for found in &mut self.uses[first..] {
            found.path.span = span.clone();
        }
    }

    fn note(&mut self, call: &Call, name: &str, block: bool) {
        let span = match &call.callee {
            Operand::Path(path) => path.span.clone(),
            _ => call.span.clone(),
        };
        let given = |operand: &Operand| match operand {
            Operand::Path(path) => Given::Name(path.text.clone()),
            Operand::Literal(text, span) => Given::Literal(text.clone(), span.clone()),
            Operand::Call(_) => Given::Made,
        };
        let arguments = call.arguments.iter().map(given).collect();
        self.called.push(HelperUse { name: name.to_owned(), span, arguments, block });
    }

    fn arguments(&mut self, call: &Call, how: &How) {
        for operand in call.arguments.iter().chain(call.named.iter().map(|(_, operand)| operand)) {
            self.operand(operand, how);
        }
    }

    fn operand(&mut self, operand: &Operand, how: &How) {
        match operand {
            Operand::Path(path) => {
                self.look_up(path, how.clone());
            }
            Operand::Literal(..) => {}
            Operand::Call(call) => self.call(call, false),
        }
    }

    fn block(&mut self, block: &Block) {
        let call = &block.call;
        let frame = match call.name().filter(|_| self.is_helper(call)) {
            Some(name @ ("if" | "unless")) => {
                self.note(call, name, true);
                self.arguments(call, &How::Asked);
                None
            }
            Some("each") => {
                self.note(call, "each", true);
                let entered = self.entered(call);
                let item = entered.shape.item();
                let names = names_of(block);
                let named = names.into_iter().zip([item.clone(), Shape::Text]).collect();
                Some(Frame { shape: item, from_root: None, named, walked: true, ..entered })
            }
            Some("with") => {
                self.note(call, "with", true);
                let entered = self.entered(call);
                let named = names_of(block).into_iter().map(|name| (name, entered.shape.clone())).collect();
                Some(Frame { named, ..entered })
            }
            Some("equal" | "equalWithElse") => {
                self.call(call, true);
                None
            }
            Some(_) => {
                self.call(call, true);
                Some(Frame { walked: true, ..Frame::default() })
            }
            // A section: walks over a list, steps into an object, or just decides.
            None => {
                let entered = match &call.callee {
                    Operand::Path(path) => self.look_up(path, How::Asked),
                    _ => Frame::default(),
                };
                match &entered.shape {
                    Shape::List(_) => {
                        Some(Frame { shape: entered.shape.item(), from_root: None, walked: true, ..entered })
                    }
                    Shape::Bool => None,
                    _ => Some(entered),
                }
            }
        };
        let opens = frame.is_some();
        if let Some(mut frame) = frame {
            frame.opened_by = Some(opened_by(call));
            self.frames.push(frame);
        }
        self.parts(&block.body);
        if opens {
            self.frames.pop();
        }
        self.parts(&block.inverse);
    }

    /// What `each` or `with` steps into.
    fn entered(&mut self, call: &Call) -> Frame {
        match call.arguments.first() {
            Some(Operand::Path(path)) => self.look_up(path, How::Entered),
            Some(operand) => {
                self.operand(operand, &How::Entered);
                Frame::default()
            }
            None => Frame::default(),
        }
    }

    /// Looks a name up and remembers that it was; gives what stands behind it.
    fn look_up(&mut self, path: &Path, how: How) -> Frame {
        let (found, from_root) = self.resolve(path);
        let shape = match &found {
            Lookup::Known(shape) => shape.clone(),
            _ => Shape::Any,
        };
        let inside = self.frames.last().and_then(|frame| frame.opened_by.clone());
        self.uses.push(Use { path: path.clone(), from_root: from_root.clone(), found, how, inside });
        Frame { shape, from_root, ..Frame::default() }
    }

    fn resolve(&self, path: &Path) -> (Lookup, Option<Vec<String>>) {
        if path.data {
            return self.resolve_data(path);
        }
        let Some(frame) = self.frames.len().checked_sub(path.depth + 1).map(|at| &self.frames[at]) else {
            let holds = |frame: &Frame| matches!(follow(&frame.shape, &path.names, 0), Lookup::Known(_));
            let depth = self.frames.iter().position(holds).map(|at| self.frames.len() - 1 - at);
            return (Lookup::Outside { depth }, None);
        };
        if let (0, Some(first)) = (path.depth, path.names.first())
            && path.text.starts_with(first.as_str())
        {
            let named = self.frames.iter().rev().flat_map(|frame| &frame.named);
            if let Some((_, shape)) = named.into_iter().find(|(name, _)| name == first) {
                return (follow(shape, &path.names, 1), None);
            }
        }
        let from_root = frame.from_root.as_ref().map(|prefix| prefix.iter().chain(&path.names).cloned().collect());
        (follow(&frame.shape, &path.names, 0), from_root)
    }

    fn resolve_data(&self, path: &Path) -> (Lookup, Option<Vec<String>>) {
        match path.names.first().map(String::as_str) {
            Some("root") => {
                let names = &path.names[1..];
                let found = match follow(&self.root, names, 0) {
                    Lookup::Missing { at, parent, open } => Lookup::Missing { at: at + 1, parent, open },
                    found => found,
                };
                (found, Some(names.to_vec()))
            }
            Some("index" | "key" | "first" | "last") if self.frames.iter().any(|frame| frame.walked) => {
                (Lookup::Known(Shape::Text), None)
            }
            _ => (Lookup::NoData, None),
        }
    }
}

/// What other engines write for `else if`.
pub(crate) const ELSE_IF: [&str; 5] = ["elseif", "elsif", "elif", "elseIf", "else_if"];

/// The names that a block gives, also where `as item` lacks its bars: that has a finding of its own.
fn names_of(block: &Block) -> Vec<String> {
    let words: Option<Vec<&str>> = block.call.arguments.iter().skip(1).map(word).collect();
    match words.as_deref() {
        Some(["as", names @ ..]) if block.names.is_empty() => names.iter().map(|name| (*name).to_owned()).collect(),
        _ => block.names.clone(),
    }
}

fn word(operand: &Operand) -> Option<&str> {
    match operand {
        Operand::Path(path) => path.simple(),
        _ => None,
    }
}

/// Follows `names` from the one at `from`.
fn follow(shape: &Shape, names: &[String], from: usize) -> Lookup {
    let mut shape = shape.clone();
    for (at, name) in names.iter().enumerate().skip(from) {
        match shape.member(name) {
            Member::Known(member) => shape = member,
            Member::Unheard => return Lookup::Missing { at, parent: shape, open: true },
            Member::Missing => return Lookup::Missing { at, parent: shape, open: false },
        }
    }
    Lookup::Known(shape)
}

/// `each tags`, as a reader would name the block.
fn opened_by(call: &Call) -> String {
    let mut words: Vec<&str> = Vec::new();
    for operand in std::iter::once(&call.callee).chain(&call.arguments) {
        match operand {
            Operand::Path(path) => words.push(&path.text),
            Operand::Literal(text, _) => words.push(text),
            Operand::Call(_) => words.push("(…)"),
        }
    }
    words.join(" ")
}
