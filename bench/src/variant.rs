//! What is measured side by side.

use clap::ValueEnum;
use serde::Serialize;

/// One way from the client to the simulated provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Straight to the simulator.
    Direct,
    /// Through Envoy as a plain proxy: the measure for all others.
    Envoy,
    /// Through Envoy with Wayleave as its external processor.
    WayleaveExtproc,
    /// Through Envoy, which routes to Wayleave as to any HTTP upstream.
    WayleaveHttpBehindEnvoy,
    /// Through Wayleave alone.
    WayleaveNoEnvoy,
}

impl Variant {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 5] = [
        Self::Direct,
        Self::Envoy,
        Self::WayleaveExtproc,
        Self::WayleaveHttpBehindEnvoy,
        Self::WayleaveNoEnvoy,
    ];

    /// The name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Envoy => "envoy",
            Self::WayleaveExtproc => "wayleave-extproc",
            Self::WayleaveHttpBehindEnvoy => "wayleave-http-behind-envoy",
            Self::WayleaveNoEnvoy => "wayleave-no-envoy",
        }
    }

    /// The flags of `wayleave up` that make this variant; `None` for what is not Wayleave.
    pub const fn up_flags(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Direct | Self::Envoy => None,
            Self::WayleaveExtproc => Some(&[]),
            Self::WayleaveHttpBehindEnvoy => Some(&["--adaptor", "http"]),
            Self::WayleaveNoEnvoy => Some(&["--no-envoy"]),
        }
    }

    /// Whether an Envoy runs in it.
    pub const fn has_envoy(self) -> bool {
        match self {
            Self::Direct | Self::WayleaveNoEnvoy => false,
            Self::Envoy | Self::WayleaveExtproc | Self::WayleaveHttpBehindEnvoy => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_everywhere() {
        for variant in Variant::ALL {
            assert_eq!(variant.to_possible_value().unwrap().get_name(), variant.name());
            assert_eq!(serde_json::to_value(variant).unwrap(), variant.name());
        }
        assert_eq!(Variant::ALL.as_slice(), Variant::value_variants());
    }
}
