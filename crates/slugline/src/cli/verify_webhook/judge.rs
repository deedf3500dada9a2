//! Who judges a webhook: a type of source with a secret, or a source as it is configured.
//!
//! Ensures that a configured source judges as the server does: by its own code, with all of its secrets.

use std::time::Duration;

use slugline_connectors::{Scheme, diagnosis, registry, verify};
use slugline_core::secret::Secret;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};

use super::told::Told;
use super::{Trouble, VerifyWebhookArgs};
use crate::cli::serve::configuration;
use crate::config::Source;

const SIGN_OF_LEGACY: &str = "with --legacy (legacy = true of the source) it matches: this Ghost does not sign the time; bring it up to date";

/// Who judges.
pub(super) enum Judge {
    Type {
        kind: String,
        scheme: &'static dyn Scheme,
        secret: Secret,
    },
    Configured(Box<Source>),
}

impl Judge {
    /// As the arguments say.
    pub(super) fn of(args: &VerifyWebhookArgs) -> Result<Self, Trouble> {
        if let Some(name) = &args.source {
            return configured(args, name);
        }
        let (Some(kind), Some(secret)) = (&args.kind, &args.secret) else {
            let why = "say which source to judge as: --type and --secret, or --source";
            return Err(Trouble::wrong(why.to_owned()));
        };
        Ok(Self::Type {
            kind: kind.clone(),
            scheme: scheme(args, kind)?,
            secret: secret.clone(),
        })
    }

    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Type { kind, .. } => kind,
            Self::Configured(source) => &source.kind,
        }
    }

    /// The name of a configured source.
    pub(super) fn source(&self) -> Option<&str> {
        match self {
            Self::Type { .. } => None,
            Self::Configured(source) => Some(&source.name),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Type { kind, .. } => format!("a source of type {kind}"),
            Self::Configured(source) => format!("the source {} ({})", source.name, source.kind),
        }
    }

    pub(super) fn covers(&self) -> &str {
        match self {
            Self::Type { scheme, .. } => scheme.covers(),
            Self::Configured(source) => source.source.covers(),
        }
    }

    pub(super) fn tolerance(&self) -> Duration {
        match self {
            Self::Type { scheme, .. } => scheme.tolerance(),
            Self::Configured(source) => source.tolerance,
        }
    }

    /// The reference of the secret that proved it, where that is configured.
    pub(super) fn label(&self, verified: &Verified) -> Option<&str> {
        match self {
            Self::Type { .. } => None,
            Self::Configured(source) => {
                let proved = source.secrets.get(verified.secret);
                proved.map(|(label, _)| label.as_str())
            }
        }
    }

    pub(super) fn verify(&self, incoming: &Incoming, window: Window) -> Result<Verified, Flaw> {
        self.verify_with(&self.secrets(), incoming, window)
    }

    fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Type { secret, .. } => vec![secret.clone()],
            Self::Configured(source) => {
                let secrets = source.secrets.iter();
                secrets.map(|(_, secret)| secret.clone()).collect()
            }
        }
    }

    fn verify_with(
        &self,
        secrets: &[Secret],
        incoming: &Incoming,
        window: Window,
    ) -> Result<Verified, Flaw> {
        match self {
            Self::Type { scheme, .. } => verify(*scheme, incoming, secrets, window),
            Self::Configured(source) => source.source.verify(incoming, secrets, window),
        }
    }

    /// What would make it genuine, where its signature is wrong.
    pub(super) fn hint(
        &self,
        flaw: &Flaw,
        incoming: &Incoming,
        window: Window,
    ) -> Option<&'static str> {
        if flaw.part != Part::Signature {
            return None;
        }
        let secrets = self.secrets();
        let is_older = registry::scheme(self.kind(), true)
            .is_some_and(|older| verify(older, incoming, &secrets, window).is_ok());
        if is_older {
            return Some(SIGN_OF_LEGACY);
        }
        let judge = |incoming: &Incoming, secret: &Secret| {
            self.verify_with(std::slice::from_ref(secret), incoming, window)
        };
        let mut secrets = secrets.iter();
        secrets.find_map(|secret| diagnosis::diagnose(judge, incoming, secret))
    }

    /// What a genuine webhook tells, where the mapping is known.
    pub(super) fn told(&self, incoming: &Incoming) -> Option<Told> {
        match self {
            Self::Type { .. } => None,
            Self::Configured(source) => Some(Told::of(source, incoming)),
        }
    }
}

fn configured(args: &VerifyWebhookArgs, name: &str) -> Result<Judge, Trouble> {
    let config = configuration(args.config.as_deref()).map_err(Trouble::wrong)?;
    let known: Vec<&str> = config.sources.iter().map(|source| &*source.name).collect();
    let known = match known.is_empty() {
        true => "there is none".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    let found = config
        .sources
        .into_iter()
        .find(|source| source.name == name);
    found
        .map(|source| Judge::Configured(Box::new(source)))
        .ok_or_else(|| Trouble::wrong(format!("no [[source]] is called {name:?}; {known}")))
}

fn scheme(args: &VerifyWebhookArgs, kind: &str) -> Result<&'static dyn Scheme, Trouble> {
    if args.token_in_path {
        return Ok(registry::path_token());
    }
    let other = || format!("--legacy is for ghost only, not for {kind}");
    registry::scheme(kind, args.legacy).ok_or_else(|| Trouble::wrong(other()))
}
