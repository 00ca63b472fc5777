//! A secret of the form is nowhere in what is shown.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::program::{Folder, Run};
use crate::{FLAG, folder, form, preview, with};

const SECRET: &str = "s3cr%t/+& \"<q>'\\é";

/// Every spelling that a request or a message could give the secret.
fn spellings() -> Vec<String> {
    let encoded = |keep: &str| -> String {
        SECRET
            .bytes()
            .map(|byte| {
                let letter = char::from(byte);
                let kept = letter.is_ascii_alphanumeric() || keep.contains(letter);
                if kept { letter.to_string() } else { format!("%{byte:02X}") }
            })
            .collect()
    };
    let mut all = vec![
        SECRET.to_owned(),
        serde_json::to_string(SECRET).expect("it prints").trim_matches('"').to_owned(),
        encoded("-_.!~*'()"),
        encoded("-_.~"),
        encoded("-_.!~*'();,/?:@&=+$#"),
        "s3cr".to_owned(),
        hex::encode(SECRET),
    ];
    for before in ["", "core:", "c:", "co:"] {
        for engine in [&STANDARD, &URL_SAFE] {
            let whole = engine.encode(format!("{before}{SECRET}"));
            all.push(whole[8..whole.len() - 4].to_owned());
        }
    }
    all
}

fn assert_no_secret(run: &Run) {
    for spelling in spellings() {
        assert!(!run.all().contains(&spelling), "`{spelling}` is in: {}", run.all());
    }
}

#[test]
fn a_secret_is_in_no_output_however_a_template_spells_it() {
    let mut hook = with(
        "/endpoint/url",
        json!(
            "https://{{team}}:{{queryEncode apiToken}}@api.example.com/{{pathEncode apiToken}}?k={{queryEncode apiToken}}"
        ),
    );
    hook["endpoint"]["headers"] = json!([
        {"name": "X-Key", "value": "{{{apiToken}}}"}, {"name": "X-Basic", "value": "{{{basicAuthHeaderValue team apiToken}}}"},
    ]);
    hook["endpoint"]["hmacSignature"] =
        json!({"headerName": "X-LD-Signature", "hmacSecretFormVariableKey": "apiToken"});
    let body = r#"{"key": "{{formVariables.apiToken}}", "query": "{{queryEncode formVariables.apiToken}}",
                   "basic": "{{basicAuthHeaderValue 'c' formVariables.apiToken}}"}"#;
    let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", body)]);
    let secret = format!("apiToken={SECRET}");
    for format in ["human", "json", "curl"] {
        let run = preview(&folder, &json!({}), &["--form", &secret, "--form", "host=h", "--format", format]);
        assert_no_secret(&run);
        assert!(run.stdout.contains("$API_TOKEN"), "{}", run.stdout);
        run.expect(0);
        let shown = preview(&folder, &json!({}), &["--form", &secret, "--format", format, "--show-secrets"]);
        assert!(shown.all().contains("s3cr"), "{}", shown.all());
    }
    // The signature is the one that the receiver will compute, over the body that is really sent.
    let real = preview(&folder, &json!({}), &["--form", &secret, "--format", "json", "--show-secrets"]).json();
    let mut code = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key");
    code.update(real["request"]["body"].as_str().expect("a body").as_bytes());
    let signature = json!(["X-LD-Signature", hex::encode(code.finalize().into_bytes())]);
    let masked = preview(&folder, &json!({}), &["--form", &secret, "--format", "json"]).json();
    for preview in [&real, &masked] {
        let headers = preview["request"]["headers"].as_array().expect("a list");
        assert!(headers.contains(&signature), "{headers:?}");
    }
}

#[test]
fn a_secret_is_in_no_error() {
    let line_break = format!("apiToken={SECRET}\n");
    let run = preview(&folder(), &json!({}), &["--form", &line_break]);
    assert_no_secret(&run);
    run.fails(1);

    let hook = with("/endpoint/url", json!("{{{apiToken}}}/x"));
    let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
    let run = preview(&folder, &json!({}), &["--form", &format!("apiToken={SECRET}"), "--form", "host=h"]);
    assert_no_secret(&run);
    run.fails(1);
    let run = preview(&folder, &json!({}), &["--form", SECRET]);
    assert_no_secret(&run);
    run.fails(2);
}
