//! A request as a command line for `curl`, safe to paste into any POSIX shell.

use std::fmt::Write;

use crate::outbound::OutboundRequest;

/// Longer arguments are refused by common systems, and go through a pipe.
const LONGEST_ARGUMENT: usize = 100_000;

/// The command, without a line break at its end.
pub(super) fn command(request: &OutboundRequest) -> String {
    let mut command = String::new();
    let piped = request.body.len() > LONGEST_ARGUMENT || request.body.chars().any(is_delicate);
    if piped {
        let _ = write!(command, "printf '%b' {} | ", quoted(&for_printf(&request.body)));
    }
    // Without `--globoff`, curl takes `[` and `{` in an address for patterns.
    let _ = write!(command, "curl --globoff --request {} {}", request.method, quoted(&request.url));
    for (name, value) in &request.headers {
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

/// The text as one word: inside single quotes nothing but the single quote itself means anything.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
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
            command(&request("POST", "@it's $HOME `date` !x")),
            r"curl --globoff --request POST 'https://example.com/it'\''s?a[]=1' \
  --header 'X-Empty;' \
  --header 'X-Name: O'\''Hara' \
  --header 'Content-Type:' \
  --data-raw '@it'\''s $HOME `date` !x'"
        );
    }

    #[test]
    fn a_body_that_a_terminal_would_act_upon_goes_through_a_pipe() {
        let piped = command(&request("PUT", "a\\b\u{1b}[31m\u{0}\n"));
        assert!(piped.starts_with("printf '%b' 'a\\\\b\\0033[31m\\0000\n' | curl "), "{piped}");
        assert!(piped.ends_with("--data-binary @-"), "{piped}");
    }

    #[test]
    fn a_request_without_a_body_has_none() {
        assert!(!command(&request("GET", "")).contains("--data"));
        assert!(command(&request("POST", "")).ends_with("--data-raw ''"));
    }
}
