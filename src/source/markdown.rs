//! The Markdown that audit logs are written in, as plain text and as HTML.
//!
//! It is a small dialect: headings, bullets, quotes, links, code, bold and struck-out text. What is not
//! markup is text, and all text is escaped: a flag's name cannot bring a tag along.

use super::told::{escape_html, may_be_followed};

/// Longer texts are not converted but shown as they are: nobody reads them as prose.
const LONGEST: usize = 64 * 1024;

/// How deep bold, struck-out and link text may hold one another.
const DEEPEST: usize = 6;

/// Plain text and HTML of a Markdown text.
pub(super) fn convert(markdown: &str) -> (String, String) {
    if markdown.len() > LONGEST {
        let mut html = String::new();
        escape_html(markdown, &mut html);
        return (markdown.to_owned(), html);
    }
    let mut page = Page::default();
    for line in markdown.split('\n') {
        page.line(line.strip_suffix('\r').unwrap_or(line));
    }
    page.finish()
}

/// Which block the last line left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Open {
    /// None: the next line starts a block.
    #[default]
    Nothing,
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item,
    /// A quote within an item.
    ItemQuote,
    /// A quote that stands alone.
    Quote,
}

#[derive(Debug, Default)]
struct Page {
    plain: String,
    html: String,
    open: Open,
    /// The list stays open over lines of white space, and ends with an empty one.
    list_open: bool,
    /// The last line ended with two spaces: the next one starts on a new line.
    hard_break: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        let text = line.trim_start();
        let hard_break = line.ends_with("  ") && !text.is_empty();
        if text.is_empty() {
            self.blank(line.is_empty());
        } else if let Some(item) = text.strip_prefix("* ").or_else(|| text.strip_prefix("- ")) {
            self.item(item);
        } else if let Some(heading) = heading(text) {
            self.close();
            self.end_list();
            self.start_block();
            let tag = format!("h{}", heading.0);
            self.html.push_str(&format!("<{tag}>"));
            self.inline(heading.1);
            self.html.push_str(&format!("</{tag}>"));
        } else if let Some(quote) = text.strip_prefix('>') {
            self.quote(quote.trim_start());
        } else {
            self.paragraph(text);
        }
        self.hard_break = hard_break;
    }

    fn item(&mut self, item: &str) {
        self.close();
        if self.list_open {
            self.html.push_str("\n<li>");
            self.new_line();
        } else {
            self.start_block();
            self.html.push_str("<ul><li>");
            self.list_open = true;
        }
        self.inline(item);
        self.open = Open::Item;
    }

    fn quote(&mut self, quote: &str) {
        match self.open {
            Open::Item => {
                self.html.push_str("<blockquote>");
                self.plain.push_str("\n  ");
                self.inline(quote.trim_end());
                self.open = Open::ItemQuote;
            }
            Open::ItemQuote | Open::Quote => self.continue_with(quote),
            Open::Nothing | Open::Paragraph => {
                self.close();
                self.end_list();
                self.start_block();
                self.html.push_str("<blockquote>");
                self.plain.push_str("  ");
                self.inline(quote.trim_end());
                self.open = Open::Quote;
            }
        }
    }

    fn paragraph(&mut self, text: &str) {
        match self.open {
            Open::Nothing => {
                self.end_list();
                self.start_block();
                self.inline(text.trim_end());
                self.open = Open::Paragraph;
            }
            Open::Paragraph | Open::Item | Open::ItemQuote | Open::Quote => self.continue_with(text),
        }
    }

    /// One more line of the block that is open.
    fn continue_with(&mut self, text: &str) {
        self.html.push_str(if self.hard_break { "<br/>" } else { "\n" });
        self.plain.push_str(if matches!(self.open, Open::Paragraph) { "\n" } else { "\n  " });
        self.inline(text.trim_end());
    }

    fn blank(&mut self, empty: bool) {
        self.close();
        if empty {
            self.end_list();
        }
    }

    fn close(&mut self) {
        match self.open {
            Open::ItemQuote => {
                self.html.push_str("</blockquote></li>");
                self.plain.push('\n');
            }
            Open::Quote => self.html.push_str("</blockquote>"),
            Open::Item => self.html.push_str("</li>"),
            Open::Nothing | Open::Paragraph => {}
        }
        self.open = Open::Nothing;
    }

    fn end_list(&mut self) {
        if self.list_open {
            self.html.push_str("</ul>");
            self.list_open = false;
        }
    }

    fn start_block(&mut self) {
        if !self.html.is_empty() {
            self.html.push('\n');
        }
        self.new_line();
    }

    fn new_line(&mut self) {
        if !self.plain.is_empty() {
            self.plain.push('\n');
        }
    }

    fn inline(&mut self, text: &str) {
        inline(text, DEEPEST, &mut self.plain, &mut self.html);
    }

    fn finish(mut self) -> (String, String) {
        self.close();
        self.end_list();
        (self.plain, self.html)
    }
}

/// `## text ##`: the level and the text.
fn heading(text: &str) -> Option<(usize, &str)> {
    let level = text.bytes().take_while(|byte| *byte == b'#').count();
    let rest = text.get(level..)?.strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, rest.trim().trim_end_matches('#').trim_end()))
}

/// Marks that were looked for to the end of the text and not found: they are not looked for again.
#[derive(Debug, Default)]
struct Absent {
    bold: bool,
    struck: bool,
    code: [bool; 9],
    /// Where the next `]` is, as far as is known.
    bracket: Option<usize>,
    address: bool,
}

fn inline(text: &str, depth: usize, plain: &mut String, html: &mut String) {
    let mut absent = Absent::default();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match letter {
            '\\' => match rest[1..].chars().next().filter(char::is_ascii_punctuation) {
                Some(escaped) => {
                    put(escaped, plain, html);
                    2
                }
                None => put('\\', plain, html),
            },
            '`' => code(rest, &mut absent, plain, html),
            '*' if rest.starts_with("**") => pair(rest, "**", "strong", &mut absent.bold, depth, plain, html),
            '~' if rest.starts_with("~~") => pair(rest, "~~", "strike", &mut absent.struck, depth, plain, html),
            '[' => link(text, at, &mut absent, depth, plain, html),
            letter => put(letter, plain, html),
        };
    }
}

fn put(letter: char, plain: &mut String, html: &mut String) -> usize {
    plain.push(letter);
    escape_html(letter.encode_utf8(&mut [0; 4]), html);
    letter.len_utf8()
}

fn code(rest: &str, absent: &mut Absent, plain: &mut String, html: &mut String) -> usize {
    let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
    let literal = |plain: &mut String, html: &mut String| {
        plain.push_str(&rest[..ticks]);
        html.push_str(&rest[..ticks]);
        ticks
    };
    if absent.code.get(ticks) != Some(&false) {
        return literal(plain, html);
    }
    let inside = &rest[ticks..];
    let bytes = inside.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|byte| **byte == b'`').count();
        if run == ticks {
            let mut text = &inside[..at];
            if text.len() > 2 && text.starts_with(' ') && text.ends_with(' ') && !text.trim().is_empty() {
                text = &text[1..text.len() - 1];
            }
            plain.push('\'');
            plain.push_str(text);
            plain.push('\'');
            html.push_str("<code>");
            escape_html(text, html);
            html.push_str("</code>");
            return ticks + at + run;
        }
        at += run.max(1);
    }
    absent.code[ticks] = true;
    literal(plain, html)
}

fn pair(
    rest: &str,
    mark: &str,
    tag: &str,
    absent: &mut bool,
    depth: usize,
    plain: &mut String,
    html: &mut String,
) -> usize {
    let inside = &rest[mark.len()..];
    let end = if *absent || depth == 0 { None } else { inside.find(mark) };
    let Some(end) = end.filter(|end| *end > 0) else {
        *absent |= depth > 0 && !inside.contains(mark);
        plain.push_str(mark);
        html.push_str(mark);
        return mark.len();
    };
    html.push_str(&format!("<{tag}>"));
    inline(&inside[..end], depth - 1, plain, html);
    html.push_str(&format!("</{tag}>"));
    end + 2 * mark.len()
}

fn link(text: &str, at: usize, absent: &mut Absent, depth: usize, plain: &mut String, html: &mut String) -> usize {
    let bytes = text.as_bytes();
    if absent.bracket.is_none_or(|known| known <= at) {
        absent.bracket = Some(unescaped(bytes, at + 1, b']').unwrap_or(bytes.len()));
    }
    let close = absent.bracket.unwrap_or(bytes.len());
    let opens = depth > 0 && !absent.address && bytes.get(close + 1) == Some(&b'(');
    absent.address |= opens && !text[close + 2..].contains(')');
    let address = (opens && !absent.address).then(|| address(&text[close + 2..])).flatten();
    let Some((address, length)) = address else { return put('[', plain, html) };
    let label = &text[at + 1..close];
    let leads = may_be_followed(&address);
    if leads {
        html.push_str("<a href=\"");
        escape_html(&address, html);
        html.push_str("\">");
    }
    inline(label, depth - 1, plain, html);
    if leads {
        html.push_str("</a>");
    }
    close + 2 + length - at
}

fn unescaped(bytes: &[u8], mut at: usize, wanted: u8) -> Option<usize> {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == wanted => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// The address up to the bracket that closes it, and how many bytes were read with that bracket.
fn address(text: &str) -> Option<(String, usize)> {
    let mut open = 0_usize;
    let mut address = String::new();
    let mut letters = text.char_indices().take(LONGEST_ADDRESS);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => address.push(letters.next()?.1),
            ')' if open == 0 => return Some((address, at + 1)),
            letter if letter.is_whitespace() => return None,
            letter => {
                open = match letter {
                    '(' => open + 1,
                    ')' => open - 1,
                    _ => open,
                };
                address.push(letter);
            }
        }
    }
    None
}

const LONGEST_ADDRESS: usize = 2000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::convert;

    fn check(markdown: &str, plain: &str, html: &str) {
        assert_eq!(convert(markdown), (plain.to_owned(), html.to_owned()), "{markdown}");
    }

    #[test]
    fn titles_lose_their_links_in_plain_text() {
        check(
            "[Ana](mailto:ana@x.example) turned on the flag [Nav](https://x.example/a_(b)) in `Production`",
            "Ana turned on the flag Nav in 'Production'",
            "<a href=\"mailto:ana@x.example\">Ana</a> turned on the flag <a href=\"https://x.example/a_(b)\">Nav</a> in \
             <code>Production</code>",
        );
    }

    #[test]
    fn lists_headings_and_quotes_are_blocks() {
        check("* One `a`\n\n* Two\n", "One 'a'\nTwo", "<ul><li>One <code>a</code></li></ul>\n<ul><li>Two</li></ul>");
        check(
            "## Head ##\n* ~~`a`~~ to **b**\n* c\\-d",
            "Head\n'a' to b\nc-d",
            "<h2>Head</h2>\n<ul><li><strike><code>a</code></strike> to <strong>b</strong></li>\n<li>c-d</li></ul>",
        );
        check(
            "* Added the rule \n    > **If** `email`  \n    **serve** `x`\n    \n    \n* Next\n",
            "Added the rule \n  If 'email'\n  serve 'x'\n\nNext",
            "<ul><li>Added the rule <blockquote><strong>If</strong> <code>email</code><br/><strong>serve</strong> <code>x</code></blockquote></li>\n<li>Next</li></ul>",
        );
    }

    #[test]
    fn text_brings_no_tag_and_no_script() {
        check("<script>\"&'", "<script>\"&'", "&lt;script&gt;&quot;&amp;&#39;");
        check("[x](javascript:alert(1))", "x", "x");
        check("[x](https://a.example/\"onclick=)", "x", "x");
        check("`<b>`", "'<b>'", "<code>&lt;b&gt;</code>");
    }

    #[test]
    fn marks_without_a_partner_are_text() {
        for text in ["**", "a ** b", "~~x", "`x", "[x", "[x](", "[x] (y)", "\\", "x\\", "***", "[[[", "[a](b c)"] {
            assert_eq!(convert(text).0, text);
        }
    }

    #[test]
    fn hostile_nesting_ends_quickly() {
        for piece in ["[", "](", "**", "`", "~~", "[a](", "*`", "``` ", "[x](y)**", "`` ` ", "![](("] {
            let text = piece.repeat(65_000 / piece.len());
            let (plain, html) = convert(&text);
            assert!(plain.len() <= 2 * text.len() && html.len() < 20 * text.len(), "{piece}");
        }
    }

    proptest! {
        #[test]
        fn any_text_converts_and_only_known_tags_appear(text in "[-\\PC\n`*~\\[\\]()<>#\\\\]{0,200}") {
            let (_, html) = convert(&text);
            for piece in html.split('<').skip(1) {
                let tag = piece.trim_start_matches('/');
                let known = ["a", "code", "strong", "strike", "ul>", "li>", "br/>", "blockquote>", "h"];
                prop_assert!(known.iter().any(|known| tag.starts_with(known)), "{html}");
            }
        }
    }
}
