//! Who is let in.

use flagpost::server::tokens::{self, Scope};

use super::support::{Running, event};

#[tokio::test(flavor = "multi_thread")]
async fn without_tokens_programs_on_this_machine_are_served_and_pages_are_not() {
    let server = Running::start().await;
    assert_eq!(server.get("/v1/subscriptions").await.status, 200);
    for headers in [
        [("host", "evil.example")],
        [("origin", "https://evil.example")],
        [("x-forwarded-for", "203.0.113.9")],
        [("via", "1.0 proxy")],
        [("cf-ray", "7")],
        [("sec-fetch-site", "cross-site")],
    ] {
        let answer = server.ask_with("GET", "/v1/subscriptions", None, &headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let posted = server.ask_with("POST", "/v1/sources/everyone/events", Some(&event("a")), &headers).await;
        assert_eq!(posted.status, 401, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_others_serves_nobody_without_a_token() {
    let start = super::support::Start { listen: "0.0.0.0:0", ..Default::default() };
    let server = start.run().await;
    assert_eq!(server.get("/v1/events").await.status, 401);
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_door_asks_for_its_scope() {
    let mut server = Running::start().await;
    let rows: [(&str, &str, Scope); 12] = [
        ("GET", "/v1/events", Scope::Read),
        ("GET", "/v1/deliveries", Scope::Read),
        ("GET", "/v1/subscriptions", Scope::Read),
        ("GET", "/v1/accounts", Scope::Read),
        ("GET", "/v1/sources", Scope::Read),
        ("GET", "/v2/audit-log-webhook", Scope::Read),
        ("POST", "/v1/policy/dry-run", Scope::Read),
        ("PUT", "/v1/subscriptions/a", Scope::Write),
        ("POST", "/v1/integrations/reload", Scope::Write),
        ("POST", "/v1/replay-jobs", Scope::Write),
        ("DELETE", "/v2/audit-log-webhook", Scope::Write),
        ("POST", "/v1/sources/everyone/events", Scope::Ingest),
    ];
    for held in Scope::ALL {
        server.token(&[held]).await;
        for (method, path, asked) in rows {
            let status = server.ask(method, path, Some("{}")).await.status;
            if held == asked {
                assert!(status != 401 && status != 403, "{method} {path} with {held}: {status}");
            } else {
                assert_eq!(status, 403, "{method} {path} with {held}");
            }
        }
    }
    server.token = None;
    for (method, path, _) in rows {
        assert_eq!(server.ask(method, path, Some("{}")).await.status, 401, "{method} {path}");
    }
    server.token = Some("fp_guess".to_owned());
    assert_eq!(server.get("/v1/events").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_within_a_moment() {
    let mut server = Running::start().await;
    // A second one, so that the server does not go back to serving everyone.
    server.token(&[Scope::Write]).await;
    let made = tokens::create(&*server.store, "gone", &[Scope::Read], Default::default()).await.expect("it is made");
    server.token = Some(made.expose().to_owned());
    assert_eq!(server.get("/v1/events").await.status, 200);
    tokens::revoke(&*server.store, "gone").await.expect("it is revoked");
    let started = std::time::Instant::now();
    while server.get("/v1/events").await.status != 401 {
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "the token still works");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_opens_a_door_to_pages_of_other_origins() {
    let server = Running::start().await;
    let headers = [("origin", "https://evil.example"), ("access-control-request-method", "PUT")];
    for (method, path) in [("OPTIONS", "/v1/subscriptions/a"), ("GET", "/healthz"), ("GET", "/openapi.json")] {
        let answer = server.ask_with(method, path, None, &headers).await;
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_token_closes_the_doors_to_everyone_without_one() {
    let server = Running::start().await;
    assert_eq!(server.get("/v1/events").await.status, 200);
    tokens::create(&*server.store, "first", &[Scope::Read], Default::default()).await.expect("it is made");
    let started = std::time::Instant::now();
    while server.get("/v1/events").await.status != 401 {
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "everyone is still served");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
