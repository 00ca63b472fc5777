//! A request as a command line for `curl`, safe to paste into any POSIX shell.
//!
//! Placeholders are variables to the shell: export `API_TOKEN`, and the pasted command sends it. Nothing else in a
//! request means anything to the shell.

use std::fmt::Write;

use crate::dispatch::plain_credentials;
use crate::outbound::OutboundRequest;

/// Longer arguments are refused by common systems, and go through a pipe.
const LONGEST_ARGUMENT: usize = 100_000;

/// The command, without a line break at its end. `placeholders` are those like `$API_TOKEN`, the longest first.
pub(super) fn command(request: &OutboundRequest, placeholders: &[String]) -> String {
    let quoted = |text: &str| quoted(text, placeholders);
    let mut command = String::new();
    let piped = request.body.len() > LONGEST_ARGUMENT || request.body.chars().any(is_delicate);
    if piped {
        let pieces = pieces(&request.body, placeholders);
        let formats = pieces.iter().map(|piece| if piece.is_placeholder { "%s" } else { "%b" });
        let texts = pieces.iter().map(|piece| piece.word(&for_printf(piece.text)));
        let _ = write!(command, "printf '{}' {} | ", formats.collect::<String>(), texts.collect::<Vec<_>>().join(" "),);
    }
    // Without `--globoff`, curl takes `[` and `{` in an address for patterns.
    let _ = write!(command, "curl --globoff --request {} {}", request.method, quoted(&request.url));
    for (name, value) in &request.headers {
        // What is encoded can be encoded only once the shell knows it.
        if let Some(pair) = plain_credentials(value) {
            let encoded = format!("\"$(printf %s {} | base64 | tr -d '\\n')\"", quoted(pair));
            let _ = write!(command, " \\\n  --header {}{encoded}", quoted(&format!("{name}: Basic ")));
            continue;
        }
        // `Name:` would remove a header; a semicolon sends it empty.
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(command, " \\\n  --header {}", quoted(&header));
    }
    if !request.body.is_empty() && request.header("content-type").is_none() {
        // Or curl would say that it is a form.
        command.push_str(" \\\n  --header 'Content-Type:'");
    }
    if request.skip_certificate_check {
        command.push_str(" \\\n  --insecure");
    }
    if piped {
        command.push_str(" \\\n  --data-binary @-");
    } else if !request.body.is_empty() || matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") {
        // Not `--data`: it reads a file when the body starts with `@`.
        let _ = write!(command, " \\\n  --data-raw {}", quoted(&request.body));
    }
    command
}

/// What a terminal would act upon while the command is pasted, or an argument cannot hold.
fn is_delicate(letter: char) -> bool {
    letter.is_control() && letter != '\n'
}

/// The text as one word.
fn quoted(text: &str, placeholders: &[String]) -> String {
    pieces(text, placeholders).iter().map(|piece| piece.word(piece.text)).collect()
}

/// A part of a text: a placeholder, or what stands between two of them.
struct Piece<'t> {
    text: &'t str,
    is_placeholder: bool,
}

impl Piece<'_> {
    /// Inside single quotes nothing but the single quote itself means anything; inside double quotes a variable is
    /// filled in, and its value is not looked at again.
    fn word(&self, text: &str) -> String {
        if self.is_placeholder { format!("\"{}\"", self.text) } else { format!("'{}'", text.replace('\'', r"'\''")) }
    }
}

/// The parts of a text: at least one, and none empty unless the text is.
fn pieces<'t>(text: &'t str, placeholders: &[String]) -> Vec<Piece<'t>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text[at..].find('$').map(|found| at + found) {
        let known = |name: &&String| text[found..].starts_with(name.as_str()) && is_variable(name);
        match placeholders.iter().find(known) {
            Some(name) => {
                if from < found {
                    pieces.push(Piece { text: &text[from..found], is_placeholder: false });
                }
                at = found + name.len();
                pieces.push(Piece { text: &text[found..at], is_placeholder: true });
                from = at;
            }
            None => at = found + 1,
        }
    }
    if from < text.len() || pieces.is_empty() {
        pieces.push(Piece { text: &text[from..], is_placeholder: false });
    }
    pieces
}

/// Whether a shell would read a placeholder as one variable.
fn is_variable(placeholder: &str) -> bool {
    let name = &placeholder[1..];
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// The text for the `%b` of `printf`, which turns octal numbers into bytes.
fn for_printf(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '\\' => out.push_str(r"\\"),
            letter if is_delicate(letter) => {
                for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\0{byte:03o}");
                }
            }
            letter => out.push(letter),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::command;
    use crate::outbound::OutboundRequest;

    fn request(method: &str, body: &str) -> OutboundRequest {
        OutboundRequest {
            method: method.into(),
            url: "https://example.com/it's?a[]=1".into(),
            headers: vec![("X-Empty".into(), String::new()), ("X-Name".into(), "O'Hara".into())],
            body: body.into(),
            signing: None,
            skip_certificate_check: false,
        }
    }

    #[test]
    fn quotes_are_closed_and_opened_again() {
        assert_eq!(
            command(&request("POST", "@it's $HOME `date` !x"), &[]),
            r"curl --globoff --request POST 'https://example.com/it'\''s?a[]=1' \
  --header 'X-Empty;' \
  --header 'X-Name: O'\''Hara' \
  --header 'Content-Type:' \
  --data-raw '@it'\''s $HOME `date` !x'"
        );
    }

    #[test]
    fn a_body_that_a_terminal_would_act_upon_goes_through_a_pipe() {
        let piped = command(&request("PUT", "a\\b\u{1b}[31m\u{0}\n"), &[]);
        assert!(piped.starts_with("printf '%b' 'a\\\\b\\0033[31m\\0000\n' | curl "), "{piped}");
        assert!(piped.ends_with("--data-binary @-"), "{piped}");
    }

    #[test]
    fn placeholders_are_left_to_the_shell() {
        let names = ["$API_TOKEN_2", "$API_TOKEN", "$2FA", "$É"].map(str::to_owned);
        let shown = |body: &str| command(&request("PUT", body), &names);
        let body = "it's $API_TOKEN, $API_TOKEN_2! $HOME $2FA $É$API_TOKEN";
        let quoted = r#"--data-raw 'it'\''s '"$API_TOKEN"', '"$API_TOKEN_2"'! $HOME $2FA $É'"$API_TOKEN""#;
        assert!(shown(body).ends_with(quoted), "{}", shown(body));
        let piped = shown("a\t$API_TOKEN\\");
        assert!(piped.starts_with(r#"printf '%b%s%b' 'a\0011' "$API_TOKEN" '\\' | curl "#), "{piped}");
    }

    #[test]
    fn credentials_are_encoded_by_the_shell() {
        let mut request = request("GET", "");
        request.headers = vec![("Authorization".into(), "Basic base64(it's:$API_TOKEN)".into())];
        let shown = command(&request, &["$API_TOKEN".to_owned()]);
        let expected = r#"--header 'Authorization: Basic '"$(printf %s 'it'\''s:'"$API_TOKEN" | base64 | tr -d '\n')""#;
        assert!(shown.ends_with(expected), "{shown}");
    }

    #[test]
    fn a_request_without_a_body_has_none() {
        assert!(!command(&request("GET", ""), &[]).contains("--data"));
        assert!(command(&request("POST", ""), &[]).ends_with("--data-raw ''"));
    }
}
