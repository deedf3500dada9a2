//! `POST /drift/reconcile`: compares a destination with what should be there.

use std::sync::Arc;

use axum::extract::State;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{Begun, NewReconciliation};

use super::page::{Shown, Trouble, go};
use super::post::Posted;
use super::session;
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::reconciliation::{check_environment, destination};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/drift/reconcile", reconcile)
}

async fn reconcile(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let principal = &posted.signed.principal;
    let name = posted.fields.one("destination").unwrap_or_default();
    let absent = || Trouble::absent(&format!("destination {name:?}"));
    let known = destination(&doors, principal, name).ok_or_else(absent)?;
    if !known.capabilities.readable {
        let detail = format!("{name:?} cannot be read, so there is nothing to compare");
        return Err(Problem::new(Code::InvalidRequest, detail).into());
    }
    check_environment(principal, &known)?;
    let new = NewReconciliation {
        destination: name.to_owned(),
        actor: principal.caller.actor.clone(),
        dry_run: posted.fields.one("dry_run").is_some(),
        believe_listing: posted.fields.one("believe_listing").is_some(),
        unless_since: None,
    };
    let word = match doors.store.begin_reconciliation(new).await? {
        Begun::New(_) => "reconciling",
        Begun::Running(_) | Begun::Recent => "reconciling_already",
        Begun::Unknown => return Err(absent()),
    };
    Ok(go(&session::base(&doors), &format!("/drift?said={word}")))
}
