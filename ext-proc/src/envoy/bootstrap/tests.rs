use std::process::Command;

use serde_json::Value;
use wayleave_core::endpoint::Endpoint;

use super::*;

fn options(adaptor: Adaptor, access_log: AccessLog) -> BootstrapOptions {
    let listen = ListenAddress::Tcp("127.0.0.1:0".parse().unwrap());
    let options = BootstrapOptions::new(listen, "/tmp/admin.sock".into(), "/tmp/upstream.sock".into());
    BootstrapOptions {
        adaptor,
        access_log,
        ..options
    }
}

fn manager(adaptor: Adaptor) -> Value {
    let config = bootstrap(&options(adaptor, AccessLog::Off));
    let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    config.pointer(manager).unwrap().clone()
}

fn find_envoy() -> Option<PathBuf> {
    let named = std::env::var_os("WAYLEAVE_ENVOY").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .map(|folder| folder.join("envoy"))
        .find(|file| file.is_file());
    let cached =
        std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/wayleave/envoy/1.40.0/envoy"));
    named.or(on_path).or(cached.filter(|file| file.is_file()))
}

#[test]
fn envoy_accepts_every_variant() {
    let Some(envoy) = find_envoy() else {
        println!("skipped: there is no Envoy. Set WAYLEAVE_ENVOY to its path");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (adaptor, access_log) in [
        (Adaptor::ExtProc, AccessLog::Off),
        (Adaptor::Http, AccessLog::Stdout),
    ] {
        let file = folder.path().join("envoy.json");
        std::fs::write(&file, bootstrap(&options(adaptor, access_log)).to_string()).unwrap();
        let output = Command::new(&envoy)
            .arg("--mode")
            .arg("validate")
            .arg("-c")
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{adaptor:?}: {said}");
        assert!(
            !said.contains("[warning]") && !said.contains("deprecated"),
            "{adaptor:?}: {said}"
        );
    }
}

#[test]
fn it_fails_closed() {
    let manager = manager(Adaptor::ExtProc);
    let processor = manager.pointer("/http_filters/0/typed_config").unwrap();
    assert_eq!(processor["failure_mode_allow"], false);
    for route in manager
        .pointer("/route_config/virtual_hosts/0/routes")
        .and_then(Value::as_array)
        .unwrap()
    {
        assert!(
            route["direct_response"]["status"].as_u64().unwrap() >= 400,
            "{route}"
        );
    }
}

/// A model may think for longer than any timer of Envoy's runs by default.
#[test]
fn no_timer_cuts_off_a_long_thought() {
    for adaptor in [Adaptor::ExtProc, Adaptor::Http] {
        let manager = manager(adaptor);
        assert_eq!(
            (&manager["stream_idle_timeout"], &manager["request_timeout"]),
            (&json!("0s"), &json!("0s"))
        );
        let routes = manager.pointer("/route_config/virtual_hosts/0/routes").unwrap();
        let proxied = routes
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|route| route.get("route"));
        assert!(
            proxied
                .clone()
                .all(|route| route["timeout"] == "0s" && route.get("retry_policy").is_none())
        );
        assert_eq!(
            proxied.count(),
            if adaptor == Adaptor::Http {
                Endpoint::ALL.len()
            } else {
                0
            }
        );
    }
}

/// Nothing but the endpoints reaches the processor, and all of them do.
#[test]
fn every_endpoint_has_its_route() {
    for adaptor in [Adaptor::ExtProc, Adaptor::Http] {
        let manager = manager(adaptor);
        let routes = manager.pointer("/route_config/virtual_hosts/0/routes").unwrap();
        let (foreign, ours) = routes.as_array().unwrap().split_last().unwrap();
        assert_eq!(foreign["direct_response"]["status"], 404);
        assert_eq!(foreign["match"], json!({"prefix": "/"}));
        let matches: Vec<&Value> = ours.iter().map(|route| &route["match"]).collect();
        let patterns = Endpoint::ALL.map(|endpoint| json!({"safe_regex": {"regex": endpoint.pattern()}}));
        assert_eq!(matches, patterns.iter().collect::<Vec<_>>());
    }
}
