//! Who a data plane is: its service-account token, reviewed by the API server.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use kube::api::{Api, ObjectMeta, PostParams};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::ObjectName;

/// The audience of tokens that are for us: one for the API server, or for another service, is refused.
pub const AUDIENCE: &str = "wayleave-config";
/// Where an API server says for which pod it made a token.
const POD_NAME: &str = "authentication.kubernetes.io/pod-name";

/// Asks the API server whose tokens are.
#[derive(Clone, Debug)]
pub struct TokenReviewer {
    reviews: Api<TokenReview>,
    /// `system:serviceaccount:NAMESPACE:NAME` of those that may have the configuration.
    users: Arc<BTreeSet<String>>,
}

/// A data plane that has shown who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// Its pod, where the token was made for one.
    pub pod: Option<String>,
}

/// Why a token is not enough.
#[derive(Debug, thiserror::Error)]
pub enum Unauthorised {
    /// There is none.
    #[error(
        "there is no token: send a service-account token of the audience {AUDIENCE} as `authorization: Bearer`"
    )]
    Missing,
    /// The API server does not know it.
    #[error(
        "the API server does not accept the token{0}: it has to be a service-account token of the audience {AUDIENCE} that has not expired"
    )]
    Refused(String),
    /// It is another account's.
    #[error("{user} may not have the configuration: the operator allows {allowed}")]
    Forbidden {
        /// Whose it is.
        user: String,
        /// Who may.
        allowed: String,
    },
    /// The API server could not be asked.
    #[error("cannot ask the API server about the token: {0}")]
    Unavailable(#[from] kube::Error),
}

impl TokenReviewer {
    /// Lets these service accounts in.
    pub fn new(client: kube::Client, accounts: &[ObjectName]) -> Self {
        let user =
            |account: &ObjectName| format!("system:serviceaccount:{}:{}", account.namespace, account.name);
        Self {
            reviews: Api::all(client),
            users: Arc::new(accounts.iter().map(user).collect()),
        }
    }

    /// Finds out who shows this token.
    pub async fn review(&self, token: Option<Secret>) -> Result<Authenticated, Unauthorised> {
        let token = token.ok_or(Unauthorised::Missing)?;
        let review = TokenReview {
            metadata: ObjectMeta::default(),
            spec: TokenReviewSpec {
                token: Some(token.expose().to_owned()),
                audiences: Some(vec![AUDIENCE.to_owned()]),
            },
            status: None,
        };
        let review = self.reviews.create(&PostParams::default(), &review).await?;
        let status = review.status.unwrap_or_default();
        let ours = status
            .audiences
            .is_some_and(|audiences| audiences.iter().any(|audience| audience == AUDIENCE));
        if status.authenticated != Some(true) || !ours {
            let why = status.error.map(|error| format!(" ({error})"));
            return Err(Unauthorised::Refused(why.unwrap_or_default()));
        }
        self.admit(status.user.unwrap_or_default())
    }

    fn admit(&self, user: UserInfo) -> Result<Authenticated, Unauthorised> {
        let name = user.username.unwrap_or_default();
        if !self.users.contains(&name) {
            let allowed: Vec<_> = self.users.iter().map(String::as_str).collect();
            return Err(Unauthorised::Forbidden {
                user: name,
                allowed: allowed.join(", "),
            });
        }
        let pod = user.extra.and_then(|mut extra| extra.remove(POD_NAME));
        Ok(Authenticated {
            pod: pod.and_then(|names| names.into_iter().next()),
        })
    }
}
