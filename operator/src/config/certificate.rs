//! Certificates of our own: made and renewed at run time, by the leader, and kept in one Secret.
//!
//! An authority lives ten years, a certificate thirty days. When an authority is two thirds through its life a second
//! one joins it in the bundle that data planes trust, and certificates go on to be issued by the first until it is
//! nearly over: everybody has long known the second by then. Pure: the clock is handed in.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use wayleave_core::secret::Secret;
use x509_parser::pem::Pem;

const AUTHORITY_LIFE: Duration = Duration::from_secs(3_650 * 24 * 3600);
const LEAF_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Clocks of machines differ.
const SKEW: Duration = Duration::from_secs(3600);

/// The entry of the ConfigMap and of the Secret that holds the authorities' certificates.
pub const CA_ENTRY: &str = "ca.crt";
const CA_KEYS_ENTRY: &str = "ca.key";

/// Whom a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearer {
    /// The config service.
    ConfigService,
    /// Data planes, towards an Envoy that connects by TLS.
    DataPlane,
}

/// The DNS names of each bearer.
pub type Names = BTreeMap<Bearer, Vec<String>>;

/// A certificate with its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: Secret,
}

/// Everything that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// The oldest first.
    authorities: Vec<Pair>,
    leaves: BTreeMap<Bearer, Pair>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// One could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// A name is no DNS name, or a stored text no certificate.
    #[error("`{0}` cannot stand in a certificate")]
    Name(String),
}

impl Bearer {
    /// Every bearer.
    pub const ALL: [Self; 2] = [Self::ConfigService, Self::DataPlane];

    const fn entry(self) -> &'static str {
        match self {
            Self::ConfigService => "tls",
            Self::DataPlane => "ext-proc",
        }
    }
}

impl Store {
    /// What a Secret holds. What cannot be read is as good as absent, and made anew.
    pub fn read(data: &BTreeMap<String, ByteString>) -> Self {
        let text = |entry: &str| {
            let bytes = data.get(entry)?;
            String::from_utf8(bytes.0.clone()).ok()
        };
        let texts = |entry: &str| text(entry).map(|text| blocks(&text)).unwrap_or_default();
        let pair = |certificate: String, key: String| {
            let key = Secret::new(key);
            let pair = Pair { certificate, key };
            fits(&pair).then_some(pair)
        };
        let authorities = texts(CA_ENTRY).into_iter().zip(texts(CA_KEYS_ENTRY));
        let leaves = Bearer::ALL.into_iter().filter_map(|bearer| {
            let certificate = text(&format!("{}.crt", bearer.entry()))?;
            let key = text(&format!("{}.key", bearer.entry()))?;
            Some((bearer, pair(certificate, key)?))
        });
        Self {
            authorities: authorities
                .filter_map(|(certificate, key)| pair(certificate, key))
                .collect(),
            leaves: leaves.collect(),
        }
    }

    /// What the Secret is to hold.
    pub fn write(&self) -> BTreeMap<String, ByteString> {
        let joined = |texts: Vec<&str>| ByteString(texts.concat().into_bytes());
        let keys = self.authorities.iter().map(|pair| pair.key.expose()).collect();
        let mut data = BTreeMap::from([
            (CA_ENTRY.to_owned(), ByteString(self.bundle().into_bytes())),
            (CA_KEYS_ENTRY.to_owned(), joined(keys)),
        ]);
        for (bearer, pair) in &self.leaves {
            let entry = bearer.entry();
            data.insert(format!("{entry}.crt"), joined(vec![&pair.certificate]));
            data.insert(format!("{entry}.key"), joined(vec![pair.key.expose()]));
        }
        data
    }

    /// The certificates to trust, PEM.
    pub fn bundle(&self) -> String {
        self.authorities
            .iter()
            .map(|pair| pair.certificate.as_str())
            .collect()
    }

    /// The certificate of a bearer.
    pub fn leaf(&self, bearer: Bearer) -> Option<&Pair> {
        self.leaves.get(&bearer)
    }

    /// When the certificate of a bearer ends, in seconds since 1970.
    pub fn end(&self, bearer: Bearer) -> Option<i64> {
        self.leaf(bearer).and_then(life).map(|life| life.end)
    }

    /// The store as it should be now; `None`: as it is.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn renewed(&self, names: &Names, now: Timestamp) -> Result<Option<Self>, CertificateError> {
        let mut store = self.clone();
        store
            .authorities
            .retain(|pair| life(pair).is_some_and(|life| life.left(now) > Duration::ZERO));
        let newest_is_young = store
            .authorities
            .last()
            .and_then(life)
            .is_some_and(|life| life.left(now) > AUTHORITY_LIFE / 3);
        if !newest_is_young {
            store.authorities.push(authority(now)?);
        }
        let issuer = issuer(&store.authorities, now);
        store.leaves.retain(|bearer, _| names.contains_key(bearer));
        for (bearer, names) in names {
            let good = store
                .leaves
                .get(bearer)
                .is_some_and(|pair| is_good(pair, &store.authorities, names, now));
            if let Some(issuer) = issuer.filter(|_| !good) {
                store.leaves.insert(*bearer, leaf(issuer, names, now)?);
            }
        }
        Ok((store != *self).then_some(store))
    }
}

/// How long from now until something may have to be renewed: looked at twice a day.
pub const LOOK_AGAIN: Duration = Duration::from_secs(12 * 3600);

/// The oldest authority that outlives what it issues by far, else the newest.
fn issuer(authorities: &[Pair], now: Timestamp) -> Option<&Pair> {
    let lasting = |pair: &&Pair| life(pair).is_some_and(|life| life.left(now) > LEAF_LIFE * 2);
    authorities.iter().find(lasting).or_else(|| authorities.last())
}

/// Whether the key is the certificate's own: whoever trusts an authority trusts nothing that another key signs.
fn fits(pair: &Pair) -> bool {
    let Ok(key) = KeyPair::from_pem(pair.key.expose()) else {
        return false;
    };
    pem(&pair.certificate).is_some_and(|pem| {
        pem.parse_x509()
            .is_ok_and(|certificate| certificate.public_key().raw == key.subject_public_key_info())
    })
}

fn is_good(pair: &Pair, authorities: &[Pair], names: &[String], now: Timestamp) -> bool {
    let Some(pem) = pem(&pair.certificate) else {
        return false;
    };
    let Ok(certificate) = pem.parse_x509() else {
        return false;
    };
    let named: Vec<&str> = (certificate.subject_alternative_name().ok().flatten())
        .map(|extension| extension.value.general_names.iter())
        .into_iter()
        .flatten()
        .filter_map(|name| {
            if let x509_parser::extensions::GeneralName::DNSName(name) = name {
                Some(*name)
            } else {
                None
            }
        })
        .collect();
    let trusted = authorities.iter().any(|authority| {
        self::pem(&authority.certificate).is_some_and(|authority| {
            authority
                .parse_x509()
                .is_ok_and(|authority| certificate.verify_signature(Some(authority.public_key())).is_ok())
        })
    });
    trusted && named == *names && life(pair).is_some_and(|life| life.left(now) > LEAF_LIFE / 3)
}

fn authority(now: Timestamp) -> Result<Pair, CertificateError> {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Two authorities are told apart by their names, which chains are built by.
    parameters.distinguished_name = named(&format!("wayleave {}", now.as_second()));
    valid(&mut parameters, now, AUTHORITY_LIFE);
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?.pem();
    let key = Secret::new(key.serialize_pem());
    Ok(Pair { certificate, key })
}

fn leaf(issuer: &Pair, names: &[String], now: Timestamp) -> Result<Pair, CertificateError> {
    let bad = || CertificateError::Name(names.join(", "));
    // An address would stand there as something other than a name, and be looked for in vain.
    if names.iter().any(|name| name.parse::<IpAddr>().is_ok()) {
        return Err(bad());
    }
    let mut parameters = CertificateParams::new(names.to_vec()).map_err(|_| bad())?;
    parameters.distinguished_name = named("wayleave");
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.use_authority_key_identifier_extension = true;
    valid(&mut parameters, now, LEAF_LIFE);
    let issuer = Issuer::from_ca_cert_pem(&issuer.certificate, KeyPair::from_pem(issuer.key.expose())?)?;
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, &issuer)?.pem();
    let key = Secret::new(key.serialize_pem());
    Ok(Pair { certificate, key })
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn valid(parameters: &mut CertificateParams, now: Timestamp, life: Duration) {
    let now = Duration::from_secs(now.as_second().unsigned_abs());
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + now.saturating_sub(SKEW);
    parameters.not_after = epoch + now + life;
}

/// When a certificate ends.
#[derive(Clone, Copy)]
struct Life {
    end: i64,
}

impl Life {
    fn left(self, now: Timestamp) -> Duration {
        let seconds = self.end.saturating_sub(now.as_second());
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}

fn life(pair: &Pair) -> Option<Life> {
    let pem = pem(&pair.certificate)?;
    let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
    Some(Life { end })
}

fn pem(text: &str) -> Option<Pem> {
    Pem::iter_from_buffer(text.as_bytes()).next()?.ok()
}

/// The PEM blocks of a text.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block = String::new();
    for line in text.lines() {
        block.push_str(line);
        block.push('\n');
        if line.starts_with("-----END ") {
            blocks.push(std::mem::take(&mut block));
        }
    }
    blocks
}

#[cfg(test)]
mod tests;
