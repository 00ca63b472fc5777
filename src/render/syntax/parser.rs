//! Tokens to a tree, by recursive descent over the grammar of handlebars.js. Depth is bounded, so that no
//! template can exhaust the stack.

use super::habits;
use super::lexer::{Kind, Lexer, Token};
use super::mistake::{self, SyntaxError};
use super::tree::{
    Block, BlockKind, Content, HashPair, Invocation, Literal, Mustache, Operand, Partial, Path, Program, Statement,
    Strip,
};
use super::{MAX_CHAIN, MAX_NESTING};

use unexpected::Place;

mod unexpected;

/// Reads a whole template.
pub(super) fn parse(source: &str) -> Result<Program, SyntaxError> {
    let mut lexer = Lexer::new(source);
    let next = lexer.next()?;
    let mut parser = Parser { lexer, next, nesting: 0, chain: 0 };
    let program = parser.program()?;
    let token = &parser.next;
    match token.kind {
        Kind::End => Ok(program),
        Kind::Inverse | Kind::OpenInverseChain | Kind::OpenEndBlock
            if let Some(unopened) = habits::block_without_sign(source, token.span.start) =>
        {
            Err(unopened)
        }
        Kind::Inverse | Kind::OpenInverseChain => {
            Err(SyntaxError::new(token.span.clone(), format!("`{}` stands outside any block", parser.tag_text(token)))
                .help("put it between the opening and the closing tag of a block"))
        }
        Kind::OpenEndBlock => Err(SyntaxError::new(
            parser.whole_tag(&token.span),
            format!("`{}` closes a block that was never opened", parser.tag_text(token)),
        )
        .help("remove it, or open the block before it")),
        _ => Err(parser.unexpected(&token.clone(), 0..0, Place::Between)),
    }
}

#[derive(Debug)]
struct Parser<'s> {
    lexer: Lexer<'s>,
    next: Token<'s>,
    nesting: usize,
    chain: usize,
}

/// An opening tag of any sort of block.
#[derive(Debug)]
struct Opening {
    invocation: Invocation,
    block_params: Option<Vec<String>>,
    strip: Strip,
}

/// `{{else}}` or `{{else if …}}` with all that follows it.
#[derive(Debug)]
struct Otherwise {
    strip: Strip,
    program: Program,
    chain: bool,
}

impl<'s> Parser<'s> {
    fn advance(&mut self) -> Result<Token<'s>, SyntaxError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn program(&mut self) -> Result<Program, SyntaxError> {
        let mut body = Vec::new();
        loop {
            let statement = match self.next.kind {
                Kind::Content => {
                    let token = self.advance()?;
                    Statement::Content(Content {
                        original: token.span.clone(),
                        value: token.span,
                        right_stripped: false,
                        left_stripped: false,
                    })
                }
                Kind::Comment => {
                    let token = self.advance()?;
                    Statement::Comment(strip(&token.text, &token.text))
                }
                Kind::Open | Kind::OpenUnescaped => Statement::Mustache(self.mustache()?),
                Kind::OpenBlock | Kind::OpenInverse | Kind::OpenPartialBlock => self.nested(Self::block)?,
                Kind::OpenRawBlock => self.raw_block()?,
                Kind::OpenPartial => self.partial()?,
                _ => return Ok(Program { body, block_params: None, chained: false }),
            };
            body.push(statement);
        }
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, SyntaxError>) -> Result<T, SyntaxError> {
        if self.nesting == MAX_NESTING {
            return Err(SyntaxError::new(self.next.span.clone(), "blocks and subexpressions nest too deep")
                .help(format!("nest at most {MAX_NESTING} of them")));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn mustache(&mut self) -> Result<Mustache, SyntaxError> {
        let open = self.advance()?;
        let close = if open.kind == Kind::Open { Kind::Close } else { Kind::CloseUnescaped };
        let (invocation, close) = self.invocation(&open, close)?;
        Ok(Mustache {
            invocation,
            escaped: open.kind == Kind::Open && !open.text.ends_with('&'),
            decorator: open.text.contains('*'),
            strip: strip(&open.text, &close.text),
        })
    }

    /// A name, what is given to it, and the closing token.
    fn invocation(&mut self, open: &Token<'s>, close: Kind) -> Result<(Invocation, Token<'s>), SyntaxError> {
        let callee = self.helper_name(open)?;
        let (params, hash) = self.arguments(open, close)?;
        let close = self.expect(close, open, Place::Arguments(close))?;
        Ok((Invocation { callee, params, hash, span: open.span.start..close.span.end }, close))
    }

    fn arguments(&mut self, open: &Token<'s>, close: Kind) -> Result<(Vec<Operand>, Vec<HashPair>), SyntaxError> {
        let (mut params, mut hash) = (Vec::new(), Vec::new());
        loop {
            match self.next.kind {
                Kind::Id => {
                    let id = self.advance()?;
                    if self.next.kind == Kind::Equals {
                        self.advance()?;
                        let value = self.param(open)?;
                        hash.push(HashPair { key: segment(&id.text).to_owned(), value });
                    } else {
                        if !hash.is_empty() {
                            return Err(SyntaxError::new(
                                id.span,
                                format!("`{}` must come before the named arguments", id.text),
                            ));
                        }
                        let path = self.path(false, id)?;
                        params.push(Operand::Path(path));
                    }
                }
                kind if starts_param(kind) && hash.is_empty() => params.push(self.param(open)?),
                kind if starts_param(kind) => {
                    return Err(self.unexpected(&self.next.clone(), open.span.clone(), Place::Arguments(close)));
                }
                _ => return Ok((params, hash)),
            }
        }
    }

    fn param(&mut self, open: &Token<'s>) -> Result<Operand, SyntaxError> {
        if self.next.kind == Kind::OpenSubexpression {
            return self.nested(|parser| {
                let open = parser.advance()?;
                let (invocation, _) = parser.invocation(&open, Kind::CloseSubexpression)?;
                Ok(Operand::Subexpression(Box::new(invocation)))
            });
        }
        self.helper_name(open)
    }

    fn helper_name(&mut self, open: &Token<'s>) -> Result<Operand, SyntaxError> {
        let literal = match self.next.kind {
            Kind::Id => {
                let id = self.advance()?;
                return Ok(Operand::Path(self.path(false, id)?));
            }
            Kind::Data => {
                let data = self.advance()?;
                let id = self.expect(Kind::Id, open, Place::Name)?;
                let mut path = self.path(true, id)?;
                path.span.start = data.span.start;
                return Ok(Operand::Path(path));
            }
            Kind::String => Literal::String(self.next.text.clone().into_owned()),
            Kind::Number => Literal::Number(self.next.text.clone().into_owned()),
            Kind::True => Literal::Bool(true),
            Kind::False => Literal::Bool(false),
            Kind::Undefined => Literal::Undefined,
            Kind::Null => Literal::Null,
            _ => return Err(self.unexpected(&self.next.clone(), open.span.clone(), Place::Name)),
        };
        let token = self.advance()?;
        Ok(Operand::Literal(literal, token.span))
    }

    /// The rest of a path whose first name is read.
    fn path(&mut self, data: bool, first: Token<'s>) -> Result<Path, SyntaxError> {
        let mut path = Path {
            data,
            depth: 0,
            parts: Vec::new(),
            original: if data { "@".to_owned() } else { String::new() },
            span: first.span.clone(),
        };
        add_segment(&mut path, &first)?;
        while self.next.kind == Kind::Separator {
            let separator = self.advance()?;
            if self.next.kind != Kind::Id {
                return Err(self.unexpected(&self.next.clone(), path.span.start..separator.span.end, Place::Segment));
            }
            let id = self.advance()?;
            path.original.push_str(&separator.text);
            path.span.end = id.span.end;
            add_segment(&mut path, &id)?;
        }
        Ok(path)
    }

    fn opening(&mut self, close: Kind) -> Result<Opening, SyntaxError> {
        let open = self.advance()?;
        let callee = self.helper_name(&open)?;
        let (params, hash) = self.arguments(&open, close)?;
        let mut block_params = None;
        if self.next.kind == Kind::OpenBlockParams && close == Kind::Close {
            let bars = self.advance()?;
            let mut names = Vec::new();
            while self.next.kind == Kind::Id {
                names.push(segment(&self.advance()?.text).to_owned());
            }
            if names.is_empty() || self.next.kind != Kind::CloseBlockParams {
                return Err(SyntaxError::new(bars.span, "block parameters are names between two bars")
                    .help("write `as |item|` or `as |item index|`"));
            }
            self.advance()?;
            block_params = Some(names);
        }
        let end = self.expect(close, &open, Place::Arguments(close))?;
        Ok(Opening {
            invocation: Invocation { callee, params, hash, span: open.span.start..end.span.end },
            block_params,
            strip: strip(&open.text, &end.text),
        })
    }

    fn block(&mut self) -> Result<Statement, SyntaxError> {
        let first = self.next.clone();
        let partial = first.kind == Kind::OpenPartialBlock;
        let inverted = first.kind == Kind::OpenInverse;
        let kind = match first.kind {
            Kind::OpenPartialBlock => BlockKind::Partial,
            Kind::OpenBlock if first.text.contains('*') => BlockKind::Decorator,
            _ => BlockKind::Helper,
        };
        let opening = if partial { self.partial_opening()? } else { self.opening(Kind::Close)? };
        let program = self.program()?;
        let chain = self.chain;
        let otherwise = match self.next.kind {
            Kind::Inverse if !partial => Some(self.inverse()?),
            Kind::OpenInverseChain if !partial && !inverted => Some(self.inverse_chain()?),
            _ => None,
        };
        self.chain = chain;
        let close_strip = self.close_block(&opening)?;
        let block = assemble(kind, opening, program, otherwise, Some(close_strip), inverted)?;
        Ok(Statement::Block(Box::new(block)))
    }

    fn partial_opening(&mut self) -> Result<Opening, SyntaxError> {
        let open = self.advance()?;
        let callee = self.param(&open)?;
        let (params, hash) = self.arguments(&open, Kind::Close)?;
        let end = self.expect(Kind::Close, &open, Place::Arguments(Kind::Close))?;
        check_partial(&params)?;
        Ok(Opening {
            invocation: Invocation { callee, params, hash, span: open.span.start..end.span.end },
            block_params: None,
            strip: strip(&open.text, &end.text),
        })
    }

    fn inverse(&mut self) -> Result<Otherwise, SyntaxError> {
        let token = self.advance()?;
        let program = self.program()?;
        Ok(Otherwise { strip: strip(&token.text, &token.text), program, chain: false })
    }

    fn inverse_chain(&mut self) -> Result<Otherwise, SyntaxError> {
        if self.chain == MAX_CHAIN {
            return Err(SyntaxError::new(self.next.span.clone(), "this chain of `{{else …}}` is too long")
                .help(format!("at most {MAX_CHAIN} links are read; `lookup` in an object often says the same")));
        }
        self.chain += 1;
        let opening = self.opening(Kind::Close)?;
        let strip = opening.strip;
        let program = self.program()?;
        let otherwise = match self.next.kind {
            Kind::Inverse => Some(self.inverse()?),
            Kind::OpenInverseChain => Some(self.inverse_chain()?),
            _ => None,
        };
        // As in handlebars.js: a link is closed by the strip of the link behind it; the block around the
        // whole chain sets the last one's.
        let close = otherwise.as_ref().map(|otherwise| otherwise.strip);
        let block = assemble(BlockKind::Helper, opening, program, otherwise, close, false)?;
        let program = Program { body: vec![Statement::Block(Box::new(block))], block_params: None, chained: true };
        Ok(Otherwise { strip, program, chain: true })
    }

    fn close_block(&mut self, opening: &Opening) -> Result<Strip, SyntaxError> {
        let opened = &opening.invocation.callee;
        let name = self.source_of(&opened.span());
        if self.next.kind != Kind::OpenEndBlock {
            let token = self.next.clone();
            return Err(match token.kind {
                Kind::End
                    if let Some(end) =
                        habits::end_of_other_languages(self.lexer.source(), &opening.invocation.span, name) =>
                {
                    end
                }
                Kind::End => {
                    SyntaxError::new(opening.invocation.span.clone(), format!("the block `{name}` is never closed"))
                        .help(format!("add `{{{{/{name}}}}}`"))
                }
                Kind::Inverse | Kind::OpenInverseChain => SyntaxError::new(
                    token.span.clone(),
                    format!(
                        "`{}` cannot stand here: the block `{name}` has its `{{{{else}}}}` already, or takes none",
                        self.tag_text(&token)
                    ),
                ),
                _ => self.unexpected(&token, opening.invocation.span.clone(), Place::Between),
            });
        }
        let open = self.advance()?;
        let closing = self.helper_name(&open)?;
        let closing_span = closing.span();
        let end = self.expect(Kind::Close, &open, Place::Arguments(Kind::Close))?;
        if !same_name(opened, &closing) {
            let source = self.lexer.source();
            let closing_name = self.source_of(&closing_span);
            if name == "else" {
                return Err(SyntaxError::new(opening.invocation.span.clone(), "`else` opens no block")
                    .help("write `{{else}}` or `{{else if …}}`, without `#`"));
            }
            let (opened_line, closed_line) =
                (mistake::line_of(source, opening.invocation.span.start), mistake::line_of(source, open.span.start));
            return Err(SyntaxError::new(
                open.span.start..end.span.end,
                format!(
                    "`{{{{/{closing_name}}}}}` on line {closed_line} closes `{name}`, opened on line {opened_line}"
                ),
            )
            .help(format!("write `{{{{/{name}}}}}`, or close the blocks in between first")));
        }
        Ok(strip(&open.text, &end.text))
    }

    fn raw_block(&mut self) -> Result<Statement, SyntaxError> {
        let opening = self.opening(Kind::CloseRawBlock)?;
        let mut body = Vec::new();
        while self.next.kind == Kind::Content {
            let span = self.advance()?.span;
            body.push(Statement::Content(Content {
                original: span.clone(),
                value: span,
                right_stripped: false,
                left_stripped: false,
            }));
        }
        let end = self.advance()?;
        let name = self.source_of(&opening.invocation.callee.span());
        let matches = match &opening.invocation.callee {
            Operand::Path(path) => path.original == end.text,
            Operand::Literal(Literal::String(text), _) => *text == end.text,
            _ => false,
        };
        if end.kind != Kind::EndRawBlock || !matches {
            return Err(SyntaxError::new(
                end.span.clone(),
                format!("`{}` does not close the raw block `{name}`", self.source_of(&end.span)),
            )
            .help(format!("write `{{{{{{{{/{name}}}}}}}}}`")));
        }
        Ok(Statement::Block(Box::new(Block {
            kind: BlockKind::Helper,
            invocation: opening.invocation,
            program: Some(Program { body, block_params: None, chained: false }),
            inverse: None,
            open_strip: Strip::default(),
            inverse_strip: Strip::default(),
            close_strip: Strip::default(),
        })))
    }

    fn partial(&mut self) -> Result<Statement, SyntaxError> {
        let opening = self.partial_opening()?;
        Ok(Statement::Partial(Partial { strip: opening.strip, span: opening.invocation.span }))
    }

    fn expect(&mut self, kind: Kind, open: &Token<'s>, place: Place) -> Result<Token<'s>, SyntaxError> {
        if self.next.kind == kind {
            return self.advance();
        }
        Err(self.unexpected(&self.next.clone(), open.span.clone(), place))
    }
}

fn starts_param(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::OpenSubexpression
            | Kind::Data
            | Kind::String
            | Kind::Number
            | Kind::True
            | Kind::False
            | Kind::Undefined
            | Kind::Null
    )
}

/// A token's name without its brackets.
fn segment(text: &str) -> &str {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    // In JavaScript `.` matches no line break, so such a segment keeps its brackets.
    inner.filter(|inner| !inner.contains(['\n', '\r', '\u{2028}', '\u{2029}'])).unwrap_or(text)
}

fn add_segment(path: &mut Path, id: &Token<'_>) -> Result<(), SyntaxError> {
    let part = segment(&id.text);
    let literal = part.len() != id.text.len();
    path.original.push_str(part);
    if !literal && matches!(part, ".." | "." | "this") {
        if !path.parts.is_empty() {
            return Err(SyntaxError::new(path.span.start..id.span.end, format!("`{part}` can only begin a path"))
                .help(format!("write `[{part}]` for a member of that name")));
        }
        path.depth += usize::from(part == "..");
    } else {
        path.parts.push(part.to_owned());
    }
    Ok(())
}

fn check_partial(params: &[Operand]) -> Result<(), SyntaxError> {
    match params.get(1) {
        Some(second) => Err(SyntaxError::new(second.span(), "a partial takes one argument: its context")),
        None => Ok(()),
    }
}

fn same_name(open: &Operand, close: &Operand) -> bool {
    let text = |operand: &Operand| match operand {
        Operand::Path(path) => Some(path.original.clone()),
        Operand::Literal(Literal::String(text), _) => Some(text.clone()),
        _ => None,
    };
    match (open, close) {
        (Operand::Literal(Literal::Number(open), _), Operand::Literal(Literal::Number(close), _)) => {
            open.parse::<f64>().ok() == close.parse::<f64>().ok()
        }
        (Operand::Literal(open, _), Operand::Literal(close, _)) => open == close,
        _ => text(open).is_some() && text(open) == text(close),
    }
}

fn strip(open: &str, close: &str) -> Strip {
    let close = close.as_bytes();
    Strip { open: open.as_bytes().get(2) == Some(&b'~'), close: close.len() >= 3 && close[close.len() - 3] == b'~' }
}

fn assemble(
    kind: BlockKind,
    opening: Opening,
    mut program: Program,
    otherwise: Option<Otherwise>,
    close: Option<Strip>,
    inverted: bool,
) -> Result<Block, SyntaxError> {
    program.block_params = opening.block_params;
    let (mut inverse, mut inverse_strip) = (None, Strip::default());
    if let Some(mut otherwise) = otherwise {
        if kind == BlockKind::Decorator {
            return Err(SyntaxError::new(opening.invocation.span, "a decorator's block takes no `{{else}}`"));
        }
        if otherwise.chain
            && let Some(Statement::Block(link)) = otherwise.program.body.first_mut()
        {
            link.close_strip = close.unwrap_or_default();
        }
        inverse_strip = otherwise.strip;
        inverse = Some(otherwise.program);
    }
    let (program, inverse) = if inverted { (inverse, Some(program)) } else { (Some(program), inverse) };
    Ok(Block {
        kind,
        invocation: opening.invocation,
        program,
        inverse,
        open_strip: opening.strip,
        inverse_strip,
        close_strip: close.unwrap_or_default(),
    })
}
