//! What every vendor's fake shares: one question, and the faults that may befall it.
//!
//! Ensures that a rehearsal is repeatable: a fake is a value without socket, clock or dice, and a
//! fault is chosen by a number that the caller throws. Whoever owns the sockets plays the delays.

use std::fmt;
use std::time::Duration;

use slugline_core::http::{Request, Response};
use slugline_core::time::{Timestamp, parse_duration};

/// A slow answer: noticed, and within every sensible timeout.
const SLOW: Duration = Duration::from_millis(400);
/// A commit after most clients gave up (rehearsals use short timeouts).
const LATE: Duration = Duration::from_secs(3);
/// The patience that a throttled answer asks for; Retry-After counts whole seconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// A vendor's API as its documents and trials describe it.
pub trait Fake: Send {
    /// Answers a request as the vendor would.
    ///
    /// # Errors
    /// When no fact says how the vendor answers this: the caller relies on something unknown.
    fn handle(&mut self, request: &Request, now: Timestamp) -> Result<Response, Undocumented>;

    /// Answers as when the server dies after its write and before the work that follows it.
    ///
    /// # Errors
    /// As [`Fake::handle`].
    fn die_half_way(
        &mut self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, Undocumented> {
        self.handle(request, now).map(|_| error(500))
    }
}

/// A request that no fact describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undocumented(pub String);

impl fmt::Display for Undocumented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no fact says how the vendor answers this: {}", self.0)
    }
}

impl std::error::Error for Undocumented {}

/// What befalls one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The answer takes this long.
    Slow(Duration),
    /// The connection is refused: the vendor never saw the request.
    RefuseBefore,
    /// The request is carried out and the answer lost.
    LoseAnswer,
    /// The answer breaks off with a reset.
    CutAnswer,
    /// The answer breaks off with a clean end, so that it looks whole.
    TruncateAnswer,
    /// The request is carried out and answered with this error.
    ErrorAfter(u16),
    /// The request is not carried out and answered with this error.
    ErrorBefore(u16),
    /// The client gives up; the request is carried out this long after it was sent.
    LateCommit(Duration),
    /// 429 with Retry-After; not carried out.
    Throttle(Duration),
    /// See [`Fake::die_half_way`].
    HalfMedia,
}

/// What the client gets, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// This answer after a while.
    Answer(Duration, Response),
    /// No connection.
    Refused,
    /// A connection that ends without an answer.
    Lost,
    /// The beginning of this answer, then a reset.
    Cut(Response),
    /// This answer as if it were whole: half of it is missing.
    Truncated(Response),
    /// Nothing; the caller hands the request to [`Fake::handle`] after this time.
    Late(Duration),
}

impl Fault {
    /// Plays the fault.
    ///
    /// # Errors
    /// As [`Fake::handle`].
    pub fn play(
        self,
        fake: &mut dyn Fake,
        request: &Request,
        now: Timestamp,
    ) -> Result<Played, Undocumented> {
        let at_once = |response| Played::Answer(Duration::ZERO, response);
        Ok(match self {
            Self::None => at_once(fake.handle(request, now)?),
            Self::Slow(wait) => Played::Answer(wait, fake.handle(request, now)?),
            Self::RefuseBefore => Played::Refused,
            Self::LoseAnswer => {
                fake.handle(request, now)?;
                Played::Lost
            }
            Self::CutAnswer => Played::Cut(halve(fake.handle(request, now)?)),
            Self::TruncateAnswer => Played::Truncated(halve(fake.handle(request, now)?)),
            Self::ErrorAfter(status) => {
                fake.handle(request, now)?;
                at_once(error(status))
            }
            Self::ErrorBefore(status) => at_once(error(status)),
            Self::LateCommit(wait) => Played::Late(wait),
            Self::Throttle(wait) => at_once(throttled(wait)),
            Self::HalfMedia => at_once(fake.die_half_way(request, now)?),
        })
    }
}

fn halve(mut response: Response) -> Response {
    response.body.truncate(response.body.len() / 2);
    response
}

fn error(status: u16) -> Response {
    let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    Response {
        status,
        headers,
        body: format!("<h1>Error {status}</h1>").into(),
    }
}

fn throttled(wait: Duration) -> Response {
    let mut response = error(429);
    response
        .headers
        .push(("retry-after".to_owned(), wait.as_secs().max(1).to_string()));
    response
}

/// How often each fault befalls a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Chances between 0 and 1 that add up to at most 1.
    chances: Vec<(f64, Fault)>,
}

/// The chances behind the word `often`: about every third request fails.
const OFTEN: &str = "slow=0.08,refuse=0.03,lose=0.05,cut=0.03,truncate=0.03,error_after=0.04,error_before=0.03,late=0.03,throttle=0.03,half=0.02";

impl Faults {
    /// Reads `none`, `often`, or a list such as `lose=0.1,late=0.05@5s`: a name, a chance, and for
    /// `slow`, `late` and `throttle` perhaps a duration.
    ///
    /// # Errors
    /// Says which part is wrong and what there is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let list = match text.trim() {
            "none" | "" => return Ok(Self::default()),
            "often" => OFTEN,
            list => list,
        };
        let chances = list
            .split(',')
            .map(parse_one)
            .collect::<Result<Vec<_>, _>>()?;
        let sum: f64 = chances.iter().map(|(chance, _)| chance).sum();
        if sum > 1.0 {
            return Err(format!(
                "the chances add up to {sum:.2}, which is more than 1"
            ));
        }
        Ok(Self { chances })
    }

    /// The fault for a throw between 0 (inclusive) and 1 (exclusive).
    #[must_use]
    pub fn choose(&self, throw: f64) -> Fault {
        let mut rest = throw;
        for (chance, fault) in &self.chances {
            if rest < *chance {
                return *fault;
            }
            rest -= chance;
        }
        Fault::None
    }
}

fn parse_one(text: &str) -> Result<(f64, Fault), String> {
    let (name, rest) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is not NAME=CHANCE"))?;
    let (chance, duration) = rest
        .split_once('@')
        .map_or((rest, None), |(chance, duration)| (chance, Some(duration)));
    let duration = duration.map(parse_duration).transpose()?;
    let chance: f64 = chance
        .trim()
        .parse()
        .map_err(|_| format!("{chance:?} is not a chance between 0 and 1"))?;
    if !(0.0..=1.0).contains(&chance) {
        return Err(format!("{chance} is not a chance between 0 and 1"));
    }
    Ok((chance, named(name.trim(), duration)?))
}

fn named(name: &str, duration: Option<Duration>) -> Result<Fault, String> {
    Ok(match name {
        "slow" => Fault::Slow(duration.unwrap_or(SLOW)),
        "refuse" => Fault::RefuseBefore,
        "lose" => Fault::LoseAnswer,
        "cut" => Fault::CutAnswer,
        "truncate" => Fault::TruncateAnswer,
        "error_after" => Fault::ErrorAfter(503),
        "error_before" => Fault::ErrorBefore(502),
        "late" => Fault::LateCommit(duration.unwrap_or(LATE)),
        "throttle" => Fault::Throttle(duration.unwrap_or(PATIENCE)),
        "half" => Fault::HalfMedia,
        _ => {
            let known = "slow, refuse, lose, cut, truncate, error_after, error_before, late, throttle, half";
            return Err(format!("{name:?} is not a fault; there are {known}"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_shares_of_the_throws() {
        let faults = Faults::parse("lose=0.25, late=0.25@5s").unwrap();
        assert_eq!(faults.choose(0.1), Fault::LoseAnswer);
        assert_eq!(
            faults.choose(0.3),
            Fault::LateCommit(Duration::from_secs(5))
        );
        assert_eq!(faults.choose(0.5), Fault::None);
        assert_eq!(Faults::parse("none").unwrap().choose(0.0), Fault::None);
        assert!(Faults::parse("often").is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_plan_is_said() {
        assert!(Faults::parse("loose=0.1").unwrap_err().contains("lose"));
        assert!(
            Faults::parse("lose=2")
                .unwrap_err()
                .contains("between 0 and 1")
        );
        assert!(
            Faults::parse("lose=0.6,late=0.6")
                .unwrap_err()
                .contains("more than 1")
        );
        assert!(Faults::parse("lose").unwrap_err().contains("NAME=CHANCE"));
    }
}
