//! The list of endpoints, and the router made from it.
//!
//! Ensures that each endpoint says which role it asks for, that every request passes the boundary,
//! and that what is not there is a problem document too.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use slugline_core::problem::Code;

use crate::app::{App, Doors};
use crate::door::admission::{Gate, admit};
use crate::door::boundary::boundary;
use crate::door::path;
use crate::door::role::Role;
use crate::refusal::Refusal;
use crate::{console, endpoints, measures};

/// One endpoint: where it is, who may use it, and what answers.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// The least role; `None` for endpoints without a token.
    pub(crate) role: Option<Role>,
    handler: MethodRouter<Arc<Doors>>,
}

impl Endpoint {
    pub(crate) fn get<H, T>(path: &'static str, role: Option<Role>, handler: H) -> Self
    where
        H: Handler<T, Arc<Doors>>,
        T: 'static,
    {
        Self {
            method: Method::GET,
            path,
            role,
            handler: on(MethodFilter::GET, handler),
        }
    }

    pub(crate) fn post<H, T>(path: &'static str, role: Role, handler: H) -> Self
    where
        H: Handler<T, Arc<Doors>>,
        T: 'static,
    {
        Self {
            method: Method::POST,
            path,
            role: Some(role),
            handler: on(MethodFilter::POST, handler),
        }
    }

    /// An endpoint whose callers prove themselves otherwise than by a token.
    pub(crate) fn open_post<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Doors>>,
        T: 'static,
    {
        Self {
            method: Method::POST,
            path,
            role: None,
            handler: on(MethodFilter::POST, handler),
        }
    }

    pub(crate) fn delete<H, T>(path: &'static str, role: Role, handler: H) -> Self
    where
        H: Handler<T, Arc<Doors>>,
        T: 'static,
    {
        Self {
            method: Method::DELETE,
            path,
            role: Some(role),
            handler: on(MethodFilter::DELETE, handler),
        }
    }

    fn join(self, router: Router<Arc<Doors>>, doors: &Arc<Doors>) -> Router<Arc<Doors>> {
        let handler = match self.role {
            Some(role) => {
                let changes = !self.method.is_safe();
                let doors = Arc::clone(doors);
                let gate = Gate {
                    doors,
                    role,
                    changes,
                };
                self.handler.route_layer(from_fn_with_state(gate, admit))
            }
            None => self.handler,
        };
        router.route(self.path, handler)
    }
}

/// The whole HTTP surface as a service. Install the metrics recorder before.
///
/// The listener's part is left to the caller: a limit for connections, and the time that a client
/// may take to send its headers.
pub fn router(app: App) -> Router {
    measures::describe();
    let doors = Arc::new(Doors::new(app));
    endpoints::all()
        .into_iter()
        .chain(console::all())
        .fold(Router::new(), |router, endpoint| {
            endpoint.join(router, &doors)
        })
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(from_fn_with_state(Arc::clone(&doors), boundary))
        .with_state(doors)
}

async fn method_not_allowed(method: Method) -> Refusal {
    Refusal::new(
        Code::MethodNotAllowed,
        format!("this endpoint does not take {method}; see the Allow header and /openapi.json"),
    )
}

async fn not_found(uri: Uri) -> Refusal {
    Refusal::new(
        Code::NotFound,
        format!(
            "there is nothing at {:?}; /openapi.json lists what there is",
            path::shown(uri.path())
        ),
    )
}
