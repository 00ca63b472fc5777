//! Regular expressions as JavaScript's `new RegExp(text)` takes them, without flags.
//!
//! That is the grammar of ECMA-262 with its annex B, which browsers and Node share: a lone `]` or `{` is a
//! character, a needless escape is the character itself, and a text is read by UTF-16 units. Only says whether an
//! expression is one, and where not; it matches nothing. What came after 2023, such as `(?i:…)`, is refused.

use std::collections::HashSet;

/// Why a text is no regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    /// A backslash stands at the end.
    TrailingBackslash,
    /// `*`, `+`, `?` or `{2}` with nothing before it.
    NothingToRepeat,
    /// `{3,2}`.
    CountsOutOfOrder,
    /// `[` is never closed.
    OpenClass,
    /// `[b-a]`.
    RangeOutOfOrder,
    /// `(` is never closed.
    OpenGroup,
    /// `)` closes nothing.
    UnmatchedClose,
    /// `(?` is followed by something that is none of the kinds of groups.
    InvalidGroup,
    /// `(?P<name>…)`.
    ForeignName,
    /// `(?i)`, `(?i:…)`.
    Modifier,
    /// The name of a group is none.
    InvalidGroupName,
    /// Two groups have one name.
    DuplicateGroupName,
    /// `\k` names no group, where there are named groups.
    InvalidReference,
}

impl Mistake {
    /// What is wrong, in words.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Mistake::TrailingBackslash => "a backslash stands at its end",
            Mistake::NothingToRepeat => "there is nothing to repeat before a `*`, `+`, `?` or `{…}`",
            Mistake::CountsOutOfOrder => "the counts of a `{…}` are in the wrong order",
            Mistake::OpenClass => "a `[` is never closed",
            Mistake::RangeOutOfOrder => "a range in `[…]` ends before it begins",
            Mistake::OpenGroup => "a `(` is never closed",
            Mistake::UnmatchedClose => "a `)` closes nothing",
            Mistake::InvalidGroup => "JavaScript knows no group that begins like this",
            Mistake::ForeignName => "JavaScript knows no `(?P…`",
            Mistake::Modifier => "flags cannot stand in the expression",
            Mistake::InvalidGroupName => "the name of a group is none",
            Mistake::DuplicateGroupName => "two groups have the same name",
            Mistake::InvalidReference => "a `\\k` names no group",
        }
    }

    /// What to do about it.
    pub(super) fn help(self) -> &'static str {
        match self {
            Mistake::TrailingBackslash => "write `\\\\` for a backslash, which is `\\\\\\\\` in JSON",
            Mistake::NothingToRepeat => "`.*` is any text; write `\\*` for the character itself",
            Mistake::CountsOutOfOrder => "write the smaller count first",
            Mistake::OpenClass => "close it, or write `\\[` for the character itself",
            Mistake::RangeOutOfOrder => "swap its ends, or put the `-` at the end of the class",
            Mistake::OpenGroup => "close it, or write `\\(` for the character itself",
            Mistake::UnmatchedClose => "remove it, or write `\\)` for the character itself",
            Mistake::InvalidGroup => "groups begin with `(`, `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!` or `(?<name>`",
            Mistake::ForeignName => "write `(?<name>…)` for a named group",
            Mistake::Modifier => "spell both cases out: `[Aa]pproved`",
            Mistake::InvalidGroupName => "a name is letters, digits, `_` and `$`, and begins with no digit",
            Mistake::DuplicateGroupName => "give each group a name of its own",
            Mistake::InvalidReference => "write `\\k<name>` with the name of a group",
        }
    }
}

/// Reads an expression.
pub(super) fn read(pattern: &str) -> Result<(), Mistake> {
    let units: Vec<u16> = pattern.encode_utf16().collect();
    // A name anywhere changes what `\k` means everywhere.
    let named = Reader::new(&units, false).has_names();
    Reader::new(&units, named).pattern()
}

/// What may be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Term {
    Nothing,
    Atom,
}

struct Reader<'u> {
    units: &'u [u16],
    at: usize,
    named: bool,
    names: HashSet<String>,
    referred: Vec<String>,
}

/// The highest count; higher ones are as good as endless.
const ENDLESS: u32 = i32::MAX as u32;

impl<'u> Reader<'u> {
    fn new(units: &'u [u16], named: bool) -> Self {
        Reader { units, at: 0, named, names: HashSet::new(), referred: Vec::new() }
    }

    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    /// A unit as a character; halves of a pair, and all that has no meaning here, are one that nothing asks for.
    fn peek_at(&self, ahead: usize) -> Option<char> {
        let unit = *self.units.get(self.at + ahead)?;
        Some(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn eat(&mut self, text: &str) -> bool {
        let there = text.chars().enumerate().all(|(ahead, wanted)| self.peek_at(ahead) == Some(wanted));
        if there {
            self.at += text.len();
        }
        there
    }

    /// Whether any group has a name.
    fn has_names(&mut self) -> bool {
        let mut in_class = false;
        while let Some(character) = self.peek() {
            self.at += 1;
            match character {
                '\\' => self.at += 1,
                '[' => in_class = true,
                ']' => in_class = false,
                '(' if !in_class && self.eat("?<") && !matches!(self.peek(), Some('=' | '!')) => return true,
                _ => {}
            }
        }
        false
    }

    fn pattern(mut self) -> Result<(), Mistake> {
        // What each open group may be followed by.
        let mut open: Vec<Term> = Vec::new();
        let mut term = Term::Nothing;
        while let Some(character) = self.peek() {
            self.at += 1;
            term = match character {
                '|' | '^' | '$' => Term::Nothing,
                '(' => {
                    open.push(self.group()?);
                    Term::Nothing
                }
                ')' => open.pop().ok_or(Mistake::UnmatchedClose)?,
                '*' | '+' | '?' => self.repeated(term)?,
                '{' => match self.counts() {
                    Some((least, most)) => {
                        if least > most {
                            return Err(Mistake::CountsOutOfOrder);
                        }
                        self.repeated(term)?
                    }
                    None => Term::Atom,
                },
                '[' => self.class()?,
                '\\' => self.escape()?,
                _ => Term::Atom,
            };
        }
        if !open.is_empty() {
            return Err(Mistake::OpenGroup);
        }
        if self.referred.iter().any(|name| !self.names.contains(name)) {
            return Err(Mistake::InvalidReference);
        }
        Ok(())
    }

    fn repeated(&mut self, term: Term) -> Result<Term, Mistake> {
        if term == Term::Nothing {
            return Err(Mistake::NothingToRepeat);
        }
        self.eat("?");
        Ok(Term::Nothing)
    }

    /// `2}`, `2,}` or `2,3}`; anything else leaves the brace a character.
    fn counts(&mut self) -> Option<(u32, u32)> {
        let start = self.at;
        let counts = self.digits().and_then(|least| {
            let most = if self.eat(",") { self.digits().unwrap_or(ENDLESS) } else { least };
            self.eat("}").then_some((least, most))
        });
        if counts.is_none() {
            self.at = start;
        }
        counts
    }

    fn digits(&mut self) -> Option<u32> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            self.at += 1;
            number = Some(number.unwrap_or(0_u32).saturating_mul(10).saturating_add(digit).min(ENDLESS));
        }
        number
    }

    /// Behind the opening bracket of a group. Gives what the closing one leaves to repeat.
    fn group(&mut self) -> Result<Term, Mistake> {
        if !self.eat("?") || self.eat(":") || self.eat("=") || self.eat("!") {
            return Ok(Term::Atom);
        }
        if self.eat("<=") || self.eat("<!") {
            return Ok(Term::Nothing);
        }
        if self.eat("<") {
            let name = self.name().ok_or(Mistake::InvalidGroupName)?;
            return if self.names.insert(name) { Ok(Term::Atom) } else { Err(Mistake::DuplicateGroupName) };
        }
        Err(match self.peek() {
            Some('P') => Mistake::ForeignName,
            Some('i' | 'm' | 's' | 'u' | 'x' | 'g' | 'U' | '-') => Mistake::Modifier,
            _ => Mistake::InvalidGroup,
        })
    }

    /// A name and the `>` behind it.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let character = self.name_character()?;
            let fits = match character {
                '>' if !name.is_empty() => return Some(name),
                '$' | '_' => true,
                _ if name.is_empty() => character.is_alphabetic(),
                _ => character.is_alphanumeric() || matches!(character, '\u{200c}' | '\u{200d}'),
            };
            if !fits {
                return None;
            }
            name.push(character);
        }
    }

    /// One character of a name, which may be a pair or spelt as an escape. An escaped `>` is no end.
    fn name_character(&mut self) -> Option<char> {
        let first = *self.units.get(self.at)?;
        self.at += 1;
        if first == u16::from(b'\\') {
            let character = char::from_u32(self.unicode_escape()?)?;
            return (character != '>').then_some(character);
        }
        let pair = [first, self.units.get(self.at).copied().unwrap_or_default()];
        let character = char::decode_utf16(pair).next()?.ok()?;
        self.at += character.len_utf16() - 1;
        Some(character)
    }

    /// `u0061`, a pair of those, or `u{61}`.
    fn unicode_escape(&mut self) -> Option<u32> {
        if self.eat("u{") {
            let mut code = None;
            while let Some(digit) = self.peek().and_then(|character| character.to_digit(16)) {
                self.at += 1;
                code = Some(code.unwrap_or(0_u32).saturating_mul(16).saturating_add(digit));
            }
            return code.filter(|_| self.eat("}"));
        }
        let first = self.eat("u").then(|| self.hexadecimal(4)).flatten()?;
        if (0xd800..0xdc00).contains(&first) && self.eat("\\u") {
            let second = self.hexadecimal(4).filter(|second| (0xdc00..0xe000).contains(second))?;
            return Some(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
        Some(first)
    }

    fn hexadecimal(&mut self, count: usize) -> Option<u32> {
        let mut code = 0;
        for ahead in 0..count {
            code = code * 16 + self.peek_at(ahead)?.to_digit(16)?;
        }
        self.at += count;
        Some(code)
    }

    /// Behind a backslash, outside of a class.
    fn escape(&mut self) -> Result<Term, Mistake> {
        let Some(character) = self.peek() else { return Err(Mistake::TrailingBackslash) };
        match character {
            'b' | 'B' => {
                self.at += 1;
                Ok(Term::Nothing)
            }
            'k' if self.named => {
                self.at += 1;
                let name = if self.eat("<") { self.name() } else { None };
                self.referred.push(name.ok_or(Mistake::InvalidReference)?);
                Ok(Term::Atom)
            }
            // `\c` without a letter is a backslash, and the `c` comes next.
            'c' if !self.peek_at(1).is_some_and(|letter| letter.is_ascii_alphabetic()) => Ok(Term::Atom),
            _ => {
                self.at += 1;
                Ok(Term::Atom)
            }
        }
    }

    /// Behind the opening bracket of a class.
    fn class(&mut self) -> Result<Term, Mistake> {
        self.eat("^");
        loop {
            let Some(first) = self.class_member()? else { return Ok(Term::Atom) };
            if self.peek() == Some('-') && self.peek_at(1) != Some(']') {
                self.at += 1;
                let Some(last) = self.class_member()? else { return Ok(Term::Atom) };
                // A set of characters is no end of a range: there the `-` is a character.
                if let (Some(first), Some(last)) = (first, last)
                    && first > last
                {
                    return Err(Mistake::RangeOutOfOrder);
                }
            }
        }
    }

    /// One member of a class: its unit, or none for a set such as `\d`. Nothing at the closing bracket.
    fn class_member(&mut self) -> Result<Option<Option<u32>>, Mistake> {
        let unit = *self.units.get(self.at).ok_or(Mistake::OpenClass)?;
        self.at += 1;
        if unit == u16::from(b']') {
            return Ok(None);
        }
        if unit != u16::from(b'\\') {
            return Ok(Some(Some(u32::from(unit))));
        }
        let (Some(character), Some(escaped)) = (self.peek(), self.units.get(self.at)) else {
            return Err(Mistake::TrailingBackslash);
        };
        let plain = u32::from(*escaped);
        if character == 'c' {
            let control = self.peek_at(1).filter(|next| next.is_ascii_alphanumeric() || *next == '_');
            // Without a letter or digit it is a backslash, and the `c` comes next.
            let Some(control) = control else { return Ok(Some(Some(u32::from(b'\\')))) };
            self.at += 2;
            return Ok(Some(Some(u32::from(control) % 32)));
        }
        self.at += 1;
        Ok(Some(match character {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => None,
            'k' if self.named => return Err(Mistake::InvalidReference),
            'b' => Some(8),
            't' => Some(9),
            'n' => Some(10),
            'v' => Some(11),
            'f' => Some(12),
            'r' => Some(13),
            'x' => Some(self.hexadecimal(2).unwrap_or(plain)),
            'u' => Some(self.hexadecimal(4).unwrap_or(plain)),
            '0'..='7' => Some(self.octal(character)),
            _ => Some(plain),
        }))
    }

    /// Up to three octal digits, the first of which was read; their number is at most 255.
    fn octal(&mut self, first: char) -> u32 {
        let mut code = first.to_digit(8).unwrap_or_default();
        let most = if first <= '3' { 2 } else { 1 };
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|character| character.to_digit(8)) else { break };
            self.at += 1;
            code = code * 8 + digit;
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::{Mistake, read};

    #[test]
    fn what_javascript_takes_is_taken() {
        for pattern in [
            "^approved$",
            r"^(?!re)x",
            r"(?<=a)b",
            r"a\/b",
            "]",
            "a{",
            "{a}",
            "a{2,3}",
            r"[[\]]",
            r"\d+\.\d",
            r"(?<y>a)\k<y>",
            r"\p{L}+\d",
            r"\k<x>",
            r"\k",
            "a{,5}",
            "(?=a)*",
            r"\c",
            r"[\c]",
            r"[\d-z]",
            r"[a-\d]",
            r"\9\1",
            "[]",
            "[^]",
            "",
            "a|",
            "(|)",
            r"\u{61}",
            r"[\b-a]",
            r"[\101-B]",
            "(?<é>a)",
            r"(?<\u0061>b)",
            "x{99999999999,99999999998}",
            "[a-]",
            "[-a]",
            "}",
            "a}",
            r"[\c0-\c1]",
            "é*",
        ] {
            assert_eq!(read(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn what_javascript_refuses_is_refused_with_its_reason() {
        for (pattern, mistake) in [
            ("(", Mistake::OpenGroup),
            ("a)", Mistake::UnmatchedClose),
            ("*a", Mistake::NothingToRepeat),
            ("a**", Mistake::NothingToRepeat),
            ("a{1}{2}", Mistake::NothingToRepeat),
            ("{1}", Mistake::NothingToRepeat),
            ("^*", Mistake::NothingToRepeat),
            (r"\b+", Mistake::NothingToRepeat),
            ("(?<=a)*", Mistake::NothingToRepeat),
            ("a{2,1}", Mistake::CountsOutOfOrder),
            ("[a", Mistake::OpenClass),
            ("[b-a]", Mistake::RangeOutOfOrder),
            ("[\u{1f600}-\u{1f601}]", Mistake::RangeOutOfOrder),
            (r"a\", Mistake::TrailingBackslash),
            ("(?P<n>x)", Mistake::ForeignName),
            ("(?i)abc", Mistake::Modifier),
            ("(?>a)", Mistake::InvalidGroup),
            ("(?<1>a)", Mistake::InvalidGroupName),
            ("(?<>a)", Mistake::InvalidGroupName),
            ("(?<n", Mistake::InvalidGroupName),
            ("(?<n>a)(?<n>b)", Mistake::DuplicateGroupName),
            (r"(?<n>a)\k<m>", Mistake::InvalidReference),
            (r"(?<n>a)\k", Mistake::InvalidReference),
            (r"(?<n>a)[\k]", Mistake::InvalidReference),
        ] {
            assert_eq!(read(pattern), Err(mistake), "{pattern}");
        }
    }

    /// Compares with what Node said of each line of a file: `{"p": pattern, "ok": whether it compiles}`.
    #[test]
    fn node_agrees() {
        let Some(file) = std::env::var_os("FLAGPOST_REGEX_CASES") else { return };
        let text = std::fs::read_to_string(file).expect("the file can be read");
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
            let pattern = case["p"].as_str().expect("a pattern");
            assert_eq!(read(pattern).is_ok(), case["ok"].as_bool().expect("a verdict"), "{pattern:?}");
        }
    }
}
