//! What ships: every integration is right and sends what its tool takes; every sample event is whole.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn flagpost(arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
    Ok(Command::new(env!("CARGO_BIN_EXE_flagpost")).args(arguments).current_dir(root()).output()?)
}

/// The files below `folder`, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn keys() -> Result<Vec<String>, Box<dyn Error>> {
    let mut keys = Vec::new();
    for entry in fs::read_dir(root().join("integrations"))? {
        keys.push(entry?.file_name().to_string_lossy().into_owned());
    }
    keys.sort();
    Ok(keys)
}

fn manifest(key: &str) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(root().join("integrations").join(key).join("manifest.json"))?)?)
}

fn samples() -> Result<Vec<(String, Value)>, Box<dyn Error>> {
    let folder = root().join("sample-context");
    files(&folder)?
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(&folder)?.to_string_lossy().into_owned();
            Ok((name, serde_json::from_slice(&fs::read(file)?)?))
        })
        .collect()
}

/// What an integration would send for a sample event.
fn preview(key: &str, sample: Option<&str>) -> Result<Value, Box<dyn Error>> {
    let folder = format!("integrations/{key}");
    let sample = sample.map(|sample| format!("sample-context/{sample}"));
    let mut arguments = vec!["preview", folder.as_str(), "--format", "json"];
    if let Some(sample) = &sample {
        arguments.extend(["--context", sample]);
    }
    let output = flagpost(&arguments)?;
    let told = serde_json::from_slice(&output.stdout);
    told.map_err(|error| format!("{key}: {error}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn header<'v>(request: &'v Value, name: &str) -> Option<&'v str> {
    let headers = request["headers"].as_array()?;
    let found = headers.iter().find(|header| header[0].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name)))?;
    found[1].as_str()
}

#[test]
fn every_integration_validates_with_no_finding_at_all() -> Outcome {
    let output = flagpost(&["validate", "integrations", "--format", "json", "--deny-warnings"])?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(told["findings"], serde_json::json!([]));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(told["integrations"], keys()?.len());
    Ok(())
}

#[test]
fn every_promised_integration_is_there() -> Outcome {
    let keys: BTreeSet<String> = keys()?.into_iter().collect();
    for key in [
        "appdynamics",
        "atlassian-audit",
        "datadog",
        "discord",
        "dynatrace",
        "elastic",
        "grafana",
        "honeycomb",
        "konnect-audit",
        "loki",
        "microsoft-sentinel",
        "microsoft-teams",
        "new-relic",
        "pagerduty",
        "sample-integration",
        "sentry",
        "signalfx",
        "slack",
        "split-admin-audit",
        "split-audit",
        "splunk",
        "sumo-logic",
        "webhook",
    ] {
        assert!(keys.contains(key), "{key}");
    }
    Ok(())
}

#[test]
fn every_integration_previews_a_request_without_a_secret_in_its_address() -> Outcome {
    for key in keys()? {
        let told = preview(&key, None)?;
        assert_eq!(told["decision"]["decision"], "allow", "{key}: {told:#}");
        let request = &told["request"];
        let body = request["body"].as_str().unwrap_or_default();
        assert!(!body.trim().is_empty(), "{key}");
        if header(request, "content-type").is_some_and(|kind| kind.contains("json")) {
            assert!(serde_json::from_str::<Value>(body).is_ok(), "{key}: {body}");
        }
        let url = request["url"].as_str().unwrap_or_default();
        let manifest = manifest(&key)?;
        for variable in manifest["formVariables"].as_array().into_iter().flatten() {
            if variable["isSecret"] == true {
                let template = manifest["capabilities"]["auditLogEventsHook"]["endpoint"]["url"].as_str();
                let name = variable["key"].as_str().unwrap_or_default();
                assert!(!template.unwrap_or_default().contains(name), "{key}: {name} is in {url}");
            }
        }
    }
    Ok(())
}

#[test]
fn every_json_body_is_json_for_every_sample_that_its_policy_lets_through() -> Outcome {
    for key in ["datadog", "splunk", "elastic", "microsoft-teams", "split-admin-audit", "atlassian-audit", "loki"] {
        let mut sent = 0;
        for (sample, _) in samples()? {
            let told = preview(key, Some(&sample))?;
            if let Some(body) = told["request"]["body"].as_str() {
                assert!(serde_json::from_str::<Value>(body).is_ok(), "{key} {sample}: {body}");
                sent += 1;
            }
        }
        assert!(sent > 1, "{key}");
    }
    Ok(())
}

fn body(key: &str, sample: &str) -> Result<Value, Box<dyn Error>> {
    let told = preview(key, Some(sample))?;
    let body = told["request"]["body"].as_str().ok_or_else(|| format!("{key} sends nothing for {sample}: {told:#}"))?;
    Ok(serde_json::from_str(body)?)
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().map(|members| members.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_forms_of_other_platforms_name_their_delivery_profiles() -> Outcome {
    for (key, profile) in [
        ("split-audit", "split"),
        ("split-admin-audit", "split"),
        ("atlassian-audit", "atlassian"),
        ("konnect-audit", "kong"),
    ] {
        assert_eq!(manifest(key)?["capabilities"]["auditLogEventsHook"]["delivery"], profile, "{key}");
    }
    Ok(())
}

#[test]
fn split_gets_the_fields_of_its_audit_log() -> Outcome {
    let sent = body("split-audit", "flag/targeting-updated.json")?;
    assert_eq!(
        fields(&sent),
        [
            "name",
            "type",
            "changeNumber",
            "time",
            "definition",
            "description",
            "link",
            "environmentName",
            "editor",
            "schemaVersion",
            "previous"
        ]
    );
    assert_eq!(sent["type"], "split");
    assert_eq!(sent["name"], "basket-save-for-later");
    assert_eq!(sent["changeNumber"], 1_741_790_437_904_i64);
    assert_eq!(sent["environmentName"], "Production");
    assert_eq!(sent["editor"], "Amara Okonkwo");
    assert_eq!(sent["schemaVersion"], 1);
    assert_eq!(sent["previous"], Value::Null);
    Ok(())
}

#[test]
fn split_gets_created_updated_and_deleted_objects_in_its_admin_audit_log() -> Outcome {
    for (sample, kind, name) in [
        ("project/created.json", "workspace.created", "Loyalty & rewards"),
        ("project/updated.json", "workspace.updated", "Loyalty & rewards"),
        ("environment/updated.json", "environment.updated", "Produktion – Nordics"),
        ("member/updated.json", "user.updated", "tomasz.zielinski@harbour.example"),
        ("role/updated.json", "role.updated", "Release managers"),
    ] {
        let sent = body("split-admin-audit", sample)?;
        assert_eq!(fields(&sent), ["id", "type", "auditLogType", "editor", "createdAt", "currentObject", "changes"]);
        assert_eq!(sent["type"], "audit_log", "{sample}");
        assert_eq!(sent["auditLogType"], kind, "{sample}");
        assert_eq!(sent["currentObject"]["name"], name, "{sample}");
        assert!(sent["createdAt"].is_i64(), "{sample}");
    }
    let sent = body("split-admin-audit", "environment/deleted.json")?;
    assert_eq!(sent["auditLogType"], "environment.deleted");
    assert_eq!(sent["currentObject"], Value::Null);
    assert_eq!(sent["changes"]["name"], serde_json::json!({ "from": "Jiří's sandbox", "to": null }));
    Ok(())
}

#[test]
fn atlassian_gets_an_event_with_actor_context_container_and_message() -> Outcome {
    let sent = body("atlassian-audit", "flag/toggled.json")?;
    assert_eq!(fields(&sent), ["id", "type", "attributes", "message", "links"]);
    assert_eq!(fields(&sent["attributes"]), ["time", "action", "actor", "context", "container"]);
    assert_eq!(sent["attributes"]["actor"]["email"], "kenji.mori@harbour.example");
    assert_eq!(sent["attributes"]["container"][0]["type"], "sites");
    assert_eq!(sent["message"]["format"], "simple");
    // An event of the whole account happened nowhere in particular.
    let sent = body("atlassian-audit", "webhook/enabled.json")?;
    assert_eq!(sent["attributes"]["container"], serde_json::json!([]));
    Ok(())
}

#[test]
fn konnect_gets_one_line_of_plain_text_with_its_own_types() -> Outcome {
    let told = preview("konnect-audit", Some("flag/targeting-updated.json"))?;
    let request = &told["request"];
    assert_eq!(header(request, "content-type"), Some("text/plain"));
    let body = request["body"].as_str().unwrap_or_default();
    assert_eq!(body.matches('\n').count(), 1, "{body}");
    assert!(body.ends_with('\n'), "{body}");
    let entry: Value = serde_json::from_str(body)?;
    for (field, is_right) in [
        ("event_ts", Value::is_string as fn(&Value) -> bool),
        ("event_vendor", Value::is_string),
        ("event_product", Value::is_string),
        ("event_version", Value::is_string),
        ("event_class_id", Value::is_string),
        ("name", Value::is_string),
        ("severity", Value::is_i64),
        ("cef_version", Value::is_i64),
        ("rt", Value::is_i64),
        ("src", Value::is_string),
        ("action", Value::is_string),
        ("granted", Value::is_boolean),
        ("org_id", Value::is_string),
        ("principal_id", Value::is_string),
        ("trace_id", Value::is_string),
        ("user_agent", Value::is_string),
    ] {
        assert!(is_right(&entry[field]), "{field}: {}", entry[field]);
    }
    assert!(entry.get("sig").is_none(), "only Konnect signs for Konnect");
    Ok(())
}

#[test]
fn the_sample_integration_shows_every_type_capability_and_helper() -> Outcome {
    let manifest = manifest("sample-integration")?;
    let schema: Value = serde_json::from_slice(&flagpost(&["schema"])?.stdout)?;
    let text = serde_json::to_string(&manifest)?;
    let mut everything = text.clone();
    for file in files(&root().join("integrations/sample-integration/templates"))? {
        everything.push_str(&fs::read_to_string(file)?);
    }
    let capabilities = manifest["capabilities"].as_object().map_or(0, serde_json::Map::len);
    assert_eq!(capabilities, 16);
    for key in fields(&manifest["capabilities"]) {
        assert!(schema.to_string().contains(key), "{key}");
    }
    for kind in [
        "string",
        "boolean",
        "uri",
        "enum",
        "oauth",
        "dynamicEnum",
        "generated",
        "environmentSelector",
        "multiselect",
        "publicKey",
    ] {
        assert!(text.contains(&format!("\"type\":\"{kind}\"")), "{kind}");
    }
    for helper in [
        "#if ",
        "#unless ",
        "#each ",
        "#with ",
        "lookup ",
        "#equal ",
        "#equalWithElse ",
        "pathEncode ",
        "queryEncode ",
        "basicAuthHeaderValue ",
        "formatWithOffset ",
        "edgeGridAuth ",
    ] {
        assert!(["{{", "{{~", "{{{"].iter().any(|open| everything.contains(&format!("{open}{helper}"))), "{helper}");
    }
    for kind in [".json.hbs", ".html.hbs", ".txt.hbs"] {
        assert!(text.contains(kind), "{kind}");
    }
    Ok(())
}

#[test]
fn every_icon_is_a_small_picture_with_a_title_and_no_script() -> Outcome {
    for key in keys()? {
        let name = manifest(&key)?["name"].as_str().unwrap_or_default().replace('&', "&amp;");
        for icon in ["assets/square.svg", "assets/horizontal.svg"] {
            let text = fs::read_to_string(root().join("integrations").join(&key).join(icon))?;
            assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "), "{key} {icon}");
            assert!(text.contains(&format!("<title>{name}</title>")), "{key} {icon}");
            assert!(text.trim_end().ends_with("</svg>"), "{key} {icon}");
            assert!(text.len() < 1_000, "{key} {icon}");
            for forbidden in ["<script", "href", "onload", "<foreignObject", "<!ENTITY"] {
                assert!(!text.contains(forbidden), "{key} {icon}: {forbidden}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_samples_have_every_field_that_templates_may_read() -> Outcome {
    let samples = samples()?;
    let always = [
        "/_links/parent/href",
        "/_links/self/href",
        "/_links/details/href",
        "/baseURL",
        "/_id",
        "/_accountId",
        "/timestamp/milliseconds",
        "/timestamp/seconds",
        "/timestamp/rfc3339",
        "/timestamp/simple",
        "/kind",
        "/name",
        "/details/plainText",
        "/details/markdown",
        "/details/html",
        "/project/name",
        "/project/key",
        "/project/tags",
        "/project/environment/name",
        "/project/environment/key",
        "/project/environment/tags",
        "/tags",
        "/member/_links/self/href",
        "/member/_links/parent/href",
        "/member/_id",
        "/member/email",
        "/member/emailLocalPart",
        "/member/firstName",
        "/member/lastName",
        "/member/displayName",
        "/titleVerb",
        "/verbKind",
        "/title/plainText",
        "/title/markdown",
        "/title/html",
        "/target/_links",
        "/target/name",
        "/target/_id",
    ];
    for (name, event) in &samples {
        for pointer in always {
            assert!(event.pointer(pointer).is_some(), "{name}: {pointer}");
        }
    }
    for sometimes in ["/comment", "/key", "/customProperties", "/_links/site/href", "/_links/canonical/href"] {
        let with = samples.iter().filter(|(_, event)| event.pointer(sometimes).is_some()).count();
        assert!(with > 0 && with < samples.len(), "{sometimes} is in {with} of {}", samples.len());
    }
    for pointer in ["/tags", "/project/tags", "/project/environment/tags"] {
        assert!(samples.iter().any(|(_, event)| event.pointer(pointer).is_some_and(Value::is_null)), "{pointer}");
        assert!(samples.iter().any(|(_, event)| event.pointer(pointer).is_some_and(Value::is_array)), "{pointer}");
    }
    Ok(())
}

#[test]
fn the_times_of_a_sample_are_one_moment_and_its_links_lead_somewhere() -> Outcome {
    let mut ids = BTreeSet::new();
    for (name, event) in samples()? {
        let timestamp = &event["timestamp"];
        let milliseconds = timestamp["milliseconds"].as_i64().unwrap_or_default();
        let moment = chrono::DateTime::from_timestamp_millis(milliseconds).ok_or("not a moment")?;
        assert_eq!(timestamp["seconds"], moment.timestamp(), "{name}");
        assert_eq!(timestamp["rfc3339"], moment.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "{name}");
        assert_eq!(timestamp["simple"], moment.format("%Y-%m-%d %H:%M:%S").to_string(), "{name}");
        let base = event["baseURL"].as_str().unwrap_or_default();
        for links in ["/_links", "/member/_links", "/target/_links"] {
            for link in event.pointer(links).and_then(Value::as_object).into_iter().flatten() {
                assert!(link.1["href"].as_str().is_some_and(|href| href.starts_with(base)), "{name}: {link:?}");
            }
        }
        assert!(ids.insert(event["_id"].to_string()), "{name} repeats an id");
        assert!(name.starts_with(event["kind"].as_str().unwrap_or("?")), "{name}");
    }
    Ok(())
}
