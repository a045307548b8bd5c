//! How a request shows its credential.

mod account;
mod signature;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName};
use jiff::Timestamp;
use reqwest::Request;
use wayleave_core::credential::{AwsKeys, BadCredential, Credential};
use wayleave_core::plan::KeyChoice;
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::Endpoint;
use wayleave_core::table::Table;
use wayleave_core::vendor::Auth;

pub(crate) use self::account::{Account, NoToken};

use crate::upstream::UpstreamError;

/// Accounts kept at most; more than a sane configuration has.
const MOST_ACCOUNTS: usize = 1024;

/// What shows who asks.
#[derive(Clone, Debug)]
pub(crate) enum Authorisation {
    /// Nothing.
    None,
    /// A header that is always the same.
    Header {
        name: HeaderName,
        value: HeaderValue,
        secret: Secret,
    },
    /// A signature of the request, for a region of AWS.
    Signature { keys: AwsKeys, region: Arc<str> },
    /// A token that the account gets.
    Account(Arc<Account>),
}

/// The accounts that tokens are got for, by what the Secret has. They outlive configurations, so that a reload asks for
/// no new tokens.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<HashMap<Secret, Arc<Account>>>);

impl Accounts {
    /// What shows this credential of an endpoint.
    pub(crate) fn authorisation(
        &self,
        endpoint: &Endpoint,
        key: KeyChoice,
    ) -> Result<Authorisation, UpstreamError> {
        let KeyChoice::Key(index) = key else {
            return Ok(Authorisation::None);
        };
        let Some(key) = endpoint.keys.get(index) else {
            return Ok(Authorisation::None);
        };
        let bad = |why: BadCredential| UpstreamError::Credential {
            name: Arc::clone(&key.name),
            why,
        };
        if endpoint.vendor.auth == Auth::GoogleToken
            && let Some(account) = self.lock().get(&key.secret)
        {
            return Ok(Authorisation::Account(Arc::clone(account)));
        }
        match Credential::parse(endpoint.vendor.auth, &key.secret).map_err(bad)? {
            Credential::Bearer(secret) => header(AUTHORIZATION, "Bearer ", secret).map_err(bad),
            Credential::Header(name, secret) => {
                header(HeaderName::from_static(name), "", secret).map_err(bad)
            }
            Credential::Aws(keys) => match &endpoint.region {
                Some(region) => Ok(Authorisation::Signature {
                    keys,
                    region: Arc::clone(region),
                }),
                None => Err(UpstreamError::Region),
            },
            Credential::Google(account) => {
                let account = Arc::new(Account::new(account));
                let mut accounts = self.lock();
                if accounts.len() >= MOST_ACCOUNTS {
                    accounts.clear();
                }
                let account = accounts.entry(key.secret.clone()).or_insert(account);
                Ok(Authorisation::Account(Arc::clone(account)))
            }
        }
    }

    /// Forgets the accounts that a configuration does not have.
    pub(crate) fn keep(&self, table: &Table) {
        let keys = table.endpoints().flat_map(|(_, endpoint)| &endpoint.keys);
        let secrets: HashSet<&Secret> = keys.map(|key| &key.secret).collect();
        self.lock().retain(|secret, _| secrets.contains(secret));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Secret, Arc<Account>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}

impl Authorisation {
    /// Puts what can be put before sending: a header or a signature. All else of the request has to stand by now.
    pub(crate) fn show(&self, request: &mut Request, at: Timestamp) -> Result<(), UpstreamError> {
        match self {
            Self::None | Self::Account(_) => {}
            Self::Header { name, value, .. } => {
                request.headers_mut().insert(name, value.clone());
            }
            Self::Signature { keys, region } => signature::sign(request, keys, region, at)?,
        }
        Ok(())
    }

    /// What a provider was given and may repeat, though nobody else is to see it.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::None => Vec::new(),
            Self::Header { secret, .. } => vec![secret.clone()],
            Self::Signature { keys, .. } => {
                let own = [&keys.access_key_id, &keys.secret_access_key];
                own.into_iter().chain(&keys.session_token).cloned().collect()
            }
            Self::Account(account) => account.given(),
        }
    }
}

fn header(name: HeaderName, before: &str, secret: Secret) -> Result<Authorisation, BadCredential> {
    let value = sensitive(&format!("{before}{}", secret.expose()))?;
    Ok(Authorisation::Header { name, value, secret })
}

/// A header's value that is not shown.
fn sensitive(text: &str) -> Result<HeaderValue, BadCredential> {
    let mut value = HeaderValue::try_from(text).map_err(|_| BadCredential::Characters)?;
    value.set_sensitive(true);
    Ok(value)
}
