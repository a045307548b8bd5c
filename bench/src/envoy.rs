//! Envoy alone, as a plain proxy: the measure for everything else.

use std::env;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Where `wayleave up` keeps the Envoy that it fetched, below the cache folder.
const CACHED: &str = "wayleave/envoy/1.40.0/envoy";

/// The Envoy to use when none is named: on `PATH`, else the one that Wayleave has fetched. `None` if there is neither.
pub fn find() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    find_in(env::var_os("PATH").as_deref(), cache.as_deref())
}

fn find_in(path: Option<&OsStr>, cache: Option<&Path>) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = path.iter().flat_map(env::split_paths).collect();
    let on_path = folders.into_iter().map(|folder| folder.join("envoy"));
    on_path
        .chain(cache.map(|cache| cache.join(CACHED)))
        .find(|file| file.is_file())
}

/// A static configuration that passes everything on to `upstream`. Nothing is tuned, no access log is written; the
/// time limits for answers are off, as they have to be for streams.
pub fn config(listen: SocketAddr, upstream: SocketAddr) -> Value {
    let cluster = "provider";
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "stream_idle_timeout": "0s",
        "route_config": {"virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s"}}],
        }]},
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
        }],
    });
    let filter = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager});
    json!({"static_resources": {
        "listeners": [{
            "name": "bench",
            "address": socket(listen),
            "filter_chains": [{"filters": [filter]}],
        }],
        "clusters": [{
            "name": cluster,
            "type": "STATIC",
            "connect_timeout": "2s",
            "load_assignment": {
                "cluster_name": cluster,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket(upstream)}}]}],
            },
        }],
    }})
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn path_comes_before_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let cached = folder.path().join(CACHED);
        let bin = folder.path().join("bin");
        fs::create_dir_all(cached.parent().unwrap()).unwrap();
        fs::create_dir_all(&bin).unwrap();
        let find = || find_in(Some(bin.as_os_str()), Some(folder.path()));
        assert_eq!(find(), None);
        fs::write(&cached, "").unwrap();
        assert_eq!(find(), Some(cached));
        fs::write(bin.join("envoy"), "").unwrap();
        assert_eq!(find(), Some(bin.join("envoy")));
    }

    #[test]
    fn the_configuration_names_both_addresses() {
        let config = config(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()).to_string();
        assert!(
            config.contains(r#""port_value":1}"#) && config.contains(r#""port_value":2}"#),
            "{config}"
        );
    }
}
