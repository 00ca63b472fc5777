//! One sentence in the three forms that templates read: plain text, Markdown, HTML.

use std::borrow::Cow;

use super::markdown;
use crate::value::{Object, Value};

/// A text in three forms. Whatever is put in is escaped for each of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) plain: String,
    pub(super) markdown: String,
    pub(super) html: String,
}

impl Told {
    /// Text that a platform sent as Markdown.
    pub(super) fn from_markdown(text: &str) -> Told {
        let (plain, html) = markdown::convert(text);
        Told { plain, markdown: text.to_owned(), html }
    }

    /// Text that a platform sent as it is to be read, over several lines perhaps.
    pub(super) fn from_plain(text: &str) -> Told {
        let mut told = Told::default();
        for (at, line) in text.lines().enumerate() {
            if at > 0 {
                told.plain.push('\n');
                told.markdown.push_str("  \n");
                told.html.push_str("<br/>\n");
            }
            told = told.text(line);
        }
        told
    }

    /// Adds text.
    pub(super) fn text(mut self, text: &str) -> Told {
        self.plain.push_str(text);
        escape_markdown(text, &mut self.markdown);
        escape_html(text, &mut self.html);
        self
    }

    /// Adds text that leads somewhere, or plain text where the address is none that a reader may follow.
    pub(super) fn link(mut self, text: &str, address: Option<&str>) -> Told {
        let Some(address) = address.filter(|address| may_be_followed(address)) else { return self.text(text) };
        self.plain.push_str(text);
        self.markdown.push('[');
        escape_markdown(text, &mut self.markdown);
        self.markdown.push_str("](");
        for letter in address.chars() {
            match letter {
                ' ' => self.markdown.push_str("%20"),
                '(' => self.markdown.push_str("%28"),
                ')' => self.markdown.push_str("%29"),
                '<' => self.markdown.push_str("%3C"),
                '>' => self.markdown.push_str("%3E"),
                '\\' => self.markdown.push_str("%5C"),
                letter => self.markdown.push(letter),
            }
        }
        self.markdown.push(')');
        self.html.push_str("<a href=\"");
        escape_html(address, &mut self.html);
        self.html.push_str("\">");
        escape_html(text, &mut self.html);
        self.html.push_str("</a>");
        self
    }

    /// Adds a name as code: in quotes, in backticks, in `<code>`.
    pub(super) fn code(mut self, text: &str) -> Told {
        self.plain.push('\'');
        self.plain.push_str(text);
        self.plain.push('\'');
        let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest + 1);
        let space = if longest > 0 { " " } else { "" };
        self.markdown.push_str(&format!("{fence}{space}{}{space}{fence}", text.replace(['\n', '\r'], " ")));
        self.html.push_str("<code>");
        escape_html(text, &mut self.html);
        self.html.push_str("</code>");
        self
    }

    /// The object that templates read.
    pub(super) fn value(self) -> Value<'static> {
        let member = |name: &'static str, text: String| (Cow::Borrowed(name), Value::String(Cow::Owned(text)));
        Value::Object(Object::from_members(vec![
            member("plainText", self.plain),
            member("markdown", self.markdown),
            member("html", self.html),
        ]))
    }
}

/// Whether an address may become a link: nothing that a browser would run.
pub(super) fn may_be_followed(address: &str) -> bool {
    let starts = |prefix: &str| address.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let plain = !address.chars().any(|letter| letter.is_control() || letter == '"');
    plain && ["https://", "http://", "mailto:"].into_iter().any(starts)
}

pub(super) fn escape_html(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
}

/// Escapes what would be markup, and no more: chat tools show needless backslashes.
fn escape_markdown(text: &str, out: &mut String) {
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    let mut at_start = out.is_empty() || out.ends_with('\n');
    while let Some(letter) = letters.next() {
        let inside_word = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        let markup = match letter {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' => true,
            '_' => !inside_word,
            '#' | '+' | '-' => at_start,
            _ => false,
        };
        if markup {
            out.push('\\');
        }
        out.push(letter);
        at_start = letter == '\n';
        before = letter;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Told;

    #[test]
    fn every_form_is_escaped_for_what_it_is() {
        let told = Told::default().text("<b> & \"c\" *d* snake_case _e_").text(" in ").code("a`b");
        assert_eq!(told.plain, "<b> & \"c\" *d* snake_case _e_ in 'a`b'");
        assert_eq!(told.markdown, r"\<b\> & ".to_owned() + r#""c" \*d\* snake_case \_e\_ in `` a`b ``"#);
        assert_eq!(told.html, "&lt;b&gt; &amp; &quot;c&quot; *d* snake_case _e_ in <code>a`b</code>");
    }

    #[test]
    fn links_lead_only_where_a_reader_may_go() {
        let told = Told::default().link("a](b", Some("https://x.example/(1)?q=\u{e4}&r=1"));
        assert_eq!(told.markdown, r"[a\](b](https://x.example/%281%29?q=ä&r=1)");
        assert_eq!(told.html, r#"<a href="https://x.example/(1)?q=ä&amp;r=1">a](b</a>"#);
        for address in ["javascript:alert(1)", "data:text/html,x", "/relative", "https://x\" onclick=\"", ""] {
            assert_eq!(Told::default().link("t", Some(address)), Told::default().text("t"), "{address}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        let told = Told::from_plain("- one\n# two\nthree");
        assert_eq!(told.plain, "- one\n# two\nthree");
        assert_eq!(told.markdown, "\\- one  \n\\# two  \nthree");
        assert_eq!(told.html, "- one<br/>\n# two<br/>\nthree");
    }

    proptest! {
        #[test]
        fn our_own_markdown_reads_back_as_the_plain_text(text in "[ -~äß]{0,60}") {
            let told = Told::default().text(text.trim());
            prop_assert_eq!(Told::from_markdown(&told.markdown).plain, text.trim());
        }

        #[test]
        fn no_text_gives_a_tag_of_its_own(text in "\\PC{0,80}") {
            for told in [Told::from_plain(&text), Told::default().text(&text), Told::default().code(&text)] {
                let bare = told.html.replace("<code>", "").replace("</code>", "").replace("<br/>", "");
                prop_assert!(!bare.contains(['<', '>', '"']), "{}", told.html);
            }
        }
    }
}
