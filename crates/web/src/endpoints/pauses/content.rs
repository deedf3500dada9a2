//! `POST /v1/content/{content_id}/pause` and `…/resume`: an item in an environment, in one locale or
//! in all.

use axum::extract::Request;
use slugline_core::item::check_name;
use slugline_core::pause::Pausable;
use slugline_engine::intake::require_environment;

use super::{Asked, Said};
use crate::refusal::{Answered, Refusal};

/// The environment of who says nothing, as in a publish request.
const DEFAULT_ENVIRONMENT: &str = "production";

/// Pauses the item.
pub(in crate::endpoints) async fn pause(
    asked: &Asked<'_>,
    content_id: String,
    request: Request,
) -> Answered {
    let said = Said::read(request).await?;
    asked.pause(of(asked, content_id, &said)?, said).await
}

/// Resumes it.
pub(in crate::endpoints) async fn resume(
    asked: &Asked<'_>,
    content_id: String,
    request: Request,
) -> Answered {
    let said = Said::read(request).await?;
    asked.resume(of(asked, content_id, &said)?).await
}

fn of(asked: &Asked<'_>, content_id: String, said: &Said) -> Result<Pausable, Refusal> {
    let environment = said.environment.as_deref().unwrap_or(DEFAULT_ENVIRONMENT);
    content(asked, content_id, environment, said.locale.as_deref())
}

/// The item, if the caller may stop it.
pub(crate) fn content(
    asked: &Asked<'_>,
    content_id: String,
    environment: &str,
    locale: Option<&str>,
) -> Result<Pausable, Refusal> {
    check_name(environment).map_err(|why| Refusal::field("environment", why))?;
    if let Some(locale) = locale {
        check_name(locale).map_err(|why| Refusal::field("locale", why))?;
    }
    require_environment(&asked.principal.caller.environments, environment)?;
    Ok(Pausable::Content {
        owner: asked.principal.caller.owner.clone(),
        environment: environment.to_owned(),
        content_id,
        locale: locale.map(str::to_owned),
    })
}
