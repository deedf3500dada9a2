//! How a command ends.

use std::io::Write;
use std::process::ExitCode;

/// The job ended badly: a publish failed, a check found errors.
const BADLY: u8 = 1;
/// Wrong usage or configuration.
const WRONG: u8 = 2;

/// Why a command could not do its job: what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    code: u8,
    message: String,
}

/// Whether the job ended well, or why it could not be done.
pub type Ended = Result<bool, Trouble>;

impl Trouble {
    /// The job ended badly.
    pub fn badly(message: impl Into<String>) -> Self {
        Self {
            code: BADLY,
            message: message.into(),
        }
    }

    /// The command was used or configured wrongly.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self {
            code: WRONG,
            message: message.into(),
        }
    }
}

/// Says the trouble and gives the exit code.
pub(super) fn exit(ended: Ended) -> ExitCode {
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BADLY),
        Err(trouble) => {
            let _ = writeln!(std::io::stderr(), "slugline: {}", trouble.message);
            ExitCode::from(trouble.code)
        }
    }
}
