//! What a token allows.
//!
//! Ensures that roles are ordered, so that each includes the ones below it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A role; a higher one may do everything that a lower one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Publishes.
    Editor,
    /// Acts on jobs and destinations.
    Operator,
    /// Manages tokens.
    Admin,
}

impl Role {
    const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Operator, Self::Admin];

    /// The word in configuration and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| {
            format!("{text:?} is not a role; there are viewer, editor, operator and admin")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_grow_and_read_back() {
        assert!(
            Role::Viewer < Role::Editor
                && Role::Editor < Role::Operator
                && Role::Operator < Role::Admin
        );
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }
}
