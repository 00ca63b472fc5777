//! `header-name`

use super::prelude::*;
use crate::checks::parts::endpoints;

/// A header with such a name cannot be sent, so the event is lost.
pub(super) struct HeaderName;

impl Rule for HeaderName {
    fn id(&self) -> &'static str {
        "header-name"
    }

    fn summary(&self) -> &'static str {
        "a header's name is not one by RFC 9110, or is given twice"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for (pointer, endpoint) in endpoints(&scene.integration.manifest) {
            let headers = endpoint.headers.as_deref().unwrap_or_default();
            for (index, header) in headers.iter().enumerate() {
                let at = format!("{pointer}/headers/{index}/name");
                let name = header.name.as_str();
                // White space is for the schema check to report; a name that is not there as well.
                if !scene.has(&at) || name.contains(char::is_whitespace) {
                    continue;
                }
                let Err(problem) = judge(name) else {
                    let first = headers[..index].iter().position(|other| other.name.eq_ignore_ascii_case(name));
                    if let Some(first) = first {
                        let message = format!("the header `{name}` is given twice");
                        let help = format!("the first one is number {}; keep one of them", first + 1);
                        out.push(self.finding(scene.value(&at), message).helped(help).mild());
                    } else if let Some(help) = reserved(name) {
                        let message = format!("the header `{name}` is set by whoever sends the request");
                        out.push(self.finding(scene.value(&at), message).helped(help).mild());
                    }
                    continue;
                };
                let help = match problem {
                    Some(':') => "write the name without the colon; the value has a field of its own".to_owned(),
                    Some('{' | '}') => "a header's name is no template; write it out".to_owned(),
                    Some(wrong) => format!("remove `{wrong}`: letters, digits and ``!#$%&'*+-.^_`|~`` may stand in it"),
                    None => "give the header a name".to_owned(),
                };
                let message = format!("`{name}` cannot be a header's name");
                out.push(self.finding(scene.value(&at), message).helped(help));
            }
            if let Some(name) = endpoint.hmac_signature.as_ref().and_then(|hmac| hmac.header_name.as_deref()) {
                let place = || scene.value(&format!("{pointer}/hmacSignature/headerName"));
                if judge(name).is_err() {
                    let help = "letters, digits and ``!#$%&'*+-.^_`|~`` may stand in it";
                    out.push(self.finding(place(), format!("`{name}` cannot be a header's name")).helped(help));
                } else if headers.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
                    let message = format!("the signature's header `{name}` is among the headers too");
                    let help = "remove it from `headers`, or give the signature a header of its own";
                    out.push(self.finding(place(), message).helped(help));
                }
            }
        }
    }
}

/// The first character that may not stand in a header's name; nothing for an empty name.
fn judge(name: &str) -> Result<(), Option<char>> {
    if name.is_empty() {
        return Err(None);
    }
    let token = |character: char| character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
    name.chars().find(|character| !token(*character)).map_or(Ok(()), |wrong| Err(Some(wrong)))
}

fn reserved(name: &str) -> Option<&'static str> {
    let names = ["host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade"];
    names
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
        .then_some("remove it: it follows from the address and the body")
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn tokens_are_names_and_nothing_else_is() {
        for name in ["Content-Type", "X_y", "x-ld.sig!"] {
            assert_eq!(judge(name), Ok(()), "{name}");
        }
        for (name, wrong) in [("Authorization:", Some(':')), ("Ünder", Some('Ü')), ("{{x}}", Some('{')), ("", None)] {
            assert_eq!(judge(name), Err(wrong), "{name}");
        }
    }
}
