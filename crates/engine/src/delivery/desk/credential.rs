//! Sending with a credential that rotates.
//!
//! Ensures that one node at a time renews it while the others wait for the result, that nobody sends a
//! refresh token that was used or refused, and that a request whose credential is refused is sent once
//! more and no oftener. What an exchange looks like is the vendor's; this knows only when it is due.

use std::time::Duration;

use sha2::{Digest, Sha256};
use slugline_core::canonical::hex;
use slugline_core::credential::{Credential, Renewal};
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::ids::Fence;
use slugline_core::reason::{ErrorClass, Reason};

use super::{Desk, LEASE_MARGIN, leaves_doubt, storage};
use crate::sealing::SealingKey;
use crate::store::{RefreshEnd, RefreshOutcome, RefreshRight, StoreError};

/// The status that says that the credential is refused (RFC 9110 §15.5.2); 403 speaks of rights.
const UNAUTHORIZED: u16 = 401;
/// Between two looks at whether another node is done: an exchange takes about this long.
const PAUSE: Duration = Duration::from_millis(250);
/// Leases that a run waits for: that of a node that is gone, and that of the one that took over.
const LEASES_WAITED: u32 = 2;
/// After a refused renewal nobody tries for this long: a used token sent often gets an account
/// locked, and a person who has put it right does not wait longer.
const REFUSED_FOR: Duration = Duration::from_secs(300);
/// Bytes of the digest that tells lines apart; they name, they do not protect.
const DIGEST: usize = 8;

/// A credential and its place in its line.
struct Current {
    number: i64,
    credential: Credential,
}

/// The right to renew, and when it ends by the node's monotonic clock.
#[derive(Clone, Copy)]
struct Right {
    fence: Fence,
    until: Duration,
}

/// The line of a destination's credentials, as one run sees it.
struct Line<'a> {
    desk: &'a Desk,
    renewal: &'a dyn Renewal,
    key: &'a SealingKey,
    name: String,
    /// Of an exchange.
    timeout: Duration,
}

impl Desk {
    /// Sends with the current credential; if that is refused, once more with its successor.
    pub(super) async fn send_authorized(
        &self,
        renewal: &dyn Renewal,
        request: Request,
    ) -> Result<Response, SendError> {
        let line = self.line(renewal)?;
        let current = line.current(None).await?;
        let first = renewal.authorize(request.clone(), &current.credential.access);
        let answer = self.send_timed(first).await?;
        if answer.status != UNAUTHORIZED {
            return Ok(answer);
        }
        let current = line.current(Some(current.number)).await?;
        self.send_timed(renewal.authorize(request, &current.credential.access))
            .await
    }

    fn line<'a>(&'a self, renewal: &'a dyn Renewal) -> Result<Line<'a>, SendError> {
        let destination = &self.destination.settings;
        let Some(key) = self.shared.sealing_key.as_deref() else {
            let message = format!(
                "the credential of {} rotates and is kept encrypted; set [server] secret_key",
                destination.name
            );
            return Err(no_credential(Reason::Misconfigured, message));
        };
        // Another first secret in the configuration is another line: the old one is not touched.
        let digest = Sha256::digest(renewal.first().expose());
        Ok(Line {
            desk: self,
            renewal,
            key,
            name: format!("{}:{}", destination.name, hex(&digest[..DIGEST])),
            timeout: destination.timeout,
        })
    }
}

impl Line<'_> {
    /// A credential that may be used; newer than `refused`, if that is given.
    async fn current(&self, refused: Option<i64>) -> Result<Current, SendError> {
        let began = self.desk.shared.clock.monotonic();
        let mut outdated = refused;
        loop {
            let newest = self.newest().await?;
            let number = newest.as_ref().map_or(0, |current| current.number);
            let usable = newest.filter(|current| self.is_usable(current, outdated));
            if let Some(current) = usable {
                return Ok(current);
            }
            outdated = Some(number);
            self.desk.secure_lease(self.timeout).await?;
            if let Some(current) = self.renew(number, began).await? {
                return Ok(current);
            }
        }
    }

    /// What replaces an outdated one was just renewed, however short its life is.
    fn is_usable(&self, current: &Current, outdated: Option<i64>) -> bool {
        match (outdated, current.credential.expires_at) {
            (Some(outdated), _) => current.number > outdated,
            // It must outlast the request that it goes with.
            (None, Some(end)) => self.desk.shared.clock.now().plus(self.timeout) < end,
            (None, None) => true,
        }
    }

    async fn newest(&self) -> Result<Option<Current>, SendError> {
        let kept = self.desk.shared.store.credential(&self.name).await;
        let Some(kept) = kept.map_err(|error| unstored(&error))? else {
            return Ok(None);
        };
        let Some(credential) = self.key.open(&self.name, &kept) else {
            let message = "the stored credential was encrypted with another [server] secret_key; restore that one, \
                           or put a new first secret into the destination's configuration";
            return Err(no_credential(Reason::Misconfigured, message));
        };
        Ok(Some(Current {
            number: kept.number,
            credential,
        }))
    }

    /// Renews in place of the credential of this number, or waits a little while another node does;
    /// `None`: look again.
    async fn renew(&self, number: i64, began: Duration) -> Result<Option<Current>, SendError> {
        let Desk { shared, .. } = self.desk;
        let asked_at = shared.clock.monotonic();
        let lease = (self.timeout + LEASE_MARGIN) * 2;
        let right = shared.store.begin_refresh(&self.name, number, lease).await;
        match right.map_err(|error| unstored(&error))? {
            RefreshRight::Taken(fence) => {
                let until = asked_at + lease;
                self.exchange(number, Right { fence, until }).await
            }
            RefreshRight::Renewed => Ok(None),
            RefreshRight::Refused => Err(no_credential(
                Reason::CredentialsRefused,
                "the destination refused to renew its credential a short while ago; give it a new one",
            )),
            RefreshRight::Held if asked_at > began + lease * LEASES_WAITED => Err(no_credential(
                Reason::Busy,
                "another run renews the credential",
            )),
            RefreshRight::Held => {
                shared.clock.sleep(PAUSE).await;
                Ok(None)
            }
        }
    }

    /// Exchanges the credential of this number under this right.
    async fn exchange(&self, number: i64, right: Right) -> Result<Option<Current>, SendError> {
        let refresh = match self.newest().await? {
            Some(newest) => newest.credential.refresh,
            None => self.renewal.first().clone(),
        };
        let Desk { shared, .. } = self.desk;
        if right.until < shared.clock.monotonic() + self.timeout + LEASE_MARGIN {
            // The machine slept: another node may be at it with the same refresh token.
            return Err(SendError::LeaseLost);
        }
        let mut request = self.renewal.request(&refresh);
        request.timeout = Some(self.timeout);
        let outcome = shared.transport.send(request).await;
        let in_doubt = leaves_doubt(&outcome);
        let renewed = outcome
            .map_err(|error| Failure::from_send_error(&error, true, "renewing the credential"))
            .and_then(|answer| self.renewal.read(&answer, &refresh, shared.clock.now()));
        match renewed {
            Ok(credential) => self.keep(number + 1, right, credential).await,
            Err(failure) => Err(self.give_up(right, failure, in_doubt).await),
        }
    }

    /// Keeps a successor; `None` when another node has taken over meanwhile.
    async fn keep(
        &self,
        number: i64,
        right: Right,
        credential: Credential,
    ) -> Result<Option<Current>, SendError> {
        let Some(kept) = self.key.seal(&self.name, number, &credential) else {
            return Err(no_credential(
                Reason::UnexpectedAnswer,
                "the new credential cannot be encrypted",
            ));
        };
        let clock = &self.desk.shared.clock;
        let mut held = self.end(right, RefreshOutcome::Renewed(kept.clone())).await;
        // Its predecessor may be used up: it is worth more than one try.
        while held.is_err() && clock.monotonic() < right.until {
            clock.sleep(PAUSE).await;
            held = self.end(right, RefreshOutcome::Renewed(kept.clone())).await;
        }
        tracing::info!(line = self.name, number, ?held, "a credential was renewed");
        let held = held.map_err(|error| unstored(&error))?;
        Ok(held.then_some(Current { number, credential }))
    }

    /// Ends a renewal that brought nothing. One that may have been carried out keeps its right until
    /// the lease ends, and so does one that cannot be ended now.
    async fn give_up(&self, right: Right, failure: Failure, in_doubt: bool) -> SendError {
        let outcome = match failure.class() {
            ErrorClass::Auth => Some(RefreshOutcome::Refused(REFUSED_FOR)),
            _ if in_doubt => None,
            _ => Some(RefreshOutcome::GivenUp),
        };
        if let Some(outcome) = outcome
            && let Err(error) = self.end(right, outcome).await
        {
            tracing::warn!(line = self.name, %error, "the end of a renewal was not kept");
        }
        SendError::NoCredential(Box::new(failure))
    }

    async fn end(&self, right: Right, outcome: RefreshOutcome) -> Result<bool, StoreError> {
        let end = RefreshEnd {
            name: self.name.clone(),
            fence: right.fence,
            outcome,
        };
        self.desk.shared.store.end_refresh(end).await
    }
}

fn no_credential(reason: Reason, message: impl Into<String>) -> SendError {
    SendError::NoCredential(Box::new(Failure::new(reason, message)))
}

fn unstored(error: &StoreError) -> SendError {
    SendError::NoCredential(Box::new(storage(error)))
}
