//! A network for tests: a fake WordPress, a webhook receiver, a media server, and their faults.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slugline_connectors::FakeWordPress;
use slugline_connectors::fake::{Fake, Faults, Played};
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, FileOp, FileReply};
use slugline_core::time::Timestamp;
use slugline_engine::ports::{Clock, Entropy, Transport};

pub const BLOG: &str = "http://blog.test";
pub const HOOK: &str = "http://hook.test/in";
pub const MEDIA: &str = "http://media.test";

/// Virtual time that store threads may read as well.
pub struct TestClock {
    began: tokio::time::Instant,
    seen: std::sync::atomic::AtomicU64,
}

impl TestClock {
    pub fn new() -> Self {
        Self {
            began: tokio::time::Instant::now(),
            seen: 0.into(),
        }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::parse("2026-11-21T10:00:00Z")
            .unwrap()
            .plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        use std::sync::atomic::Ordering::SeqCst;
        // Only the runtime's thread knows virtual time; the store's threads see what it saw last.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.seen
                .fetch_max(self.began.elapsed().as_micros() as u64, SeqCst);
        }
        Duration::from_micros(self.seen.load(SeqCst))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // It sleeps because this is the paused clock itself: time passes when nobody has work.
            tokio::time::sleep(duration).await;
            self.monotonic();
        })
    }
}

/// xorshift64: the same throws for the same seed.
pub struct Dice(Mutex<u64>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }
}

impl Entropy for Dice {
    fn unit(&self) -> f64 {
        let mut state = self.0.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

type Receiver = Box<dyn Fn(&Request) -> Result<u16, SendError> + Send>;

pub struct Network {
    pub blog: Arc<Mutex<FakeWordPress>>,
    /// Writing requests that reached the blog or were lost on their way.
    pub writes: AtomicUsize,
    pub faults: Mutex<Faults>,
    pub hook: Mutex<Receiver>,
    pub received: Mutex<Vec<Request>>,
    pub media: Mutex<BTreeMap<String, Result<Response, SendError>>>,
    dice: Dice,
    clock: Arc<TestClock>,
}

impl Network {
    pub fn new(clock: Arc<TestClock>, seed: u64) -> Self {
        Self {
            blog: Arc::new(Mutex::new(FakeWordPress::new(BLOG, "publisher", "pw"))),
            writes: AtomicUsize::new(0),
            faults: Mutex::default(),
            hook: Mutex::new(Box::new(|_| Ok(204))),
            received: Mutex::default(),
            media: Mutex::default(),
            dice: Dice::new(seed),
            clock,
        }
    }

    pub fn fail(&self, plan: &str) {
        *self.faults.lock().unwrap() = Faults::parse(plan).unwrap();
    }

    async fn to_blog(&self, request: Request) -> Result<Response, SendError> {
        if request.method.writes() {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        let fault = self.faults.lock().unwrap().choose(self.dice.unit());
        let now = self.clock.now();
        let played = fault
            .play(&mut *self.blog.lock().unwrap(), &request, now)
            .unwrap();
        let lost = || SendError::NoAnswer("the connection ended".into());
        match played {
            Played::Answer(wait, response) => {
                self.clock.sleep(wait).await;
                Ok(response)
            }
            Played::Truncated(response) => Ok(response),
            Played::Refused => Err(SendError::NotSent("refused".into())),
            Played::Lost | Played::Cut(_) => Err(lost()),
            Played::Late(wait) => {
                let (blog, clock) = (Arc::clone(&self.blog), Arc::clone(&self.clock));
                let late = request.clone();
                tokio::spawn(async move {
                    clock.sleep(wait).await;
                    blog.lock().unwrap().handle(&late, clock.now()).unwrap();
                });
                self.clock.sleep(request.timeout.unwrap()).await;
                Err(lost())
            }
        }
    }

    fn to_hook(&self, request: Request) -> Result<Response, SendError> {
        let status = self.hook.lock().unwrap()(&request)?;
        self.received.lock().unwrap().push(request);
        Ok(Response {
            status,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        })
    }
}

impl Transport for Network {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        Box::pin(async move {
            if request.url.starts_with(BLOG) {
                self.to_blog(request).await
            } else if request.url.starts_with(HOOK) {
                self.to_hook(request)
            } else {
                let known = self.media.lock().unwrap().get(&request.url).cloned();
                known.unwrap_or_else(|| Err(SendError::NotSent("no such host".into())))
            }
        })
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        Box::pin(async { Err(SendError::NotSent("no files here".into())) })
    }
}
