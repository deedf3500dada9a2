//! Signatures of webhooks: the vendors' own vectors, and what becomes of them when anything changes.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use slugline_connectors::{Scheme, diagnosis, registry, verify};
use slugline_core::secret::Secret;
use slugline_core::time::Timestamp;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};

/// What made each is named in `oracle`: most the vendors' own libraries.
const VECTORS: [&str; 2] = [
    include_str!("../webhooks.json"),
    include_str!("../webhooks_more.json"),
];

#[derive(Clone, Deserialize)]
struct Vector {
    vendor: String,
    scheme: String,
    secret: String,
    method: String,
    url: String,
    headers: serde_json::Map<String, Value>,
    body: String,
    valid: bool,
    note: String,
    now_ms: i64,
    tolerance_s: Option<u64>,
}

impl Vector {
    fn source(&self) -> &'static dyn Scheme {
        let kind = match &*self.vendor {
            "standard-webhooks" | "svix" => "standard_webhooks",
            "generic" => "hmac",
            vendor => vendor,
        };
        let legacy = self.scheme.contains("legacy");
        registry::scheme(kind, legacy).unwrap()
    }

    fn window(&self) -> Window {
        let configured = self.tolerance_s.map(Duration::from_secs);
        Window {
            now: Timestamp(self.now_ms * 1_000),
            tolerance: configured.unwrap_or_else(|| self.source().tolerance()),
        }
    }

    fn incoming(&self) -> Incoming {
        self.with(self.body.clone().into_bytes(), None)
    }

    /// With another body, or with the value of one header changed.
    fn with(&self, body: Vec<u8>, header: Option<(&str, &str)>) -> Incoming {
        let value = |(name, value): (&String, &Value)| {
            let changed = header.filter(|(changed, _)| changed == name);
            let value = changed.map_or(value.as_str().unwrap(), |(_, value)| value);
            (name.clone(), value.to_owned())
        };
        Incoming::new(
            &*self.method,
            &*self.url,
            self.headers.iter().map(value),
            body,
        )
    }

    /// Whether what is signed, or the signature, stands in this header.
    fn counts(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let is_list = |(name, _): &(&String, &Value)| {
            name.eq_ignore_ascii_case("x-contentful-signed-headers")
        };
        let list = self.headers.iter().find(is_list);
        let list = list.and_then(|(_, list)| list.as_str()).unwrap_or_default();
        list.split(',').any(|listed| listed == name)
            || name.contains("signature") && name != "x-hubspot-signature-version"
            || name.contains("hmac")
            || name.ends_with("timestamp")
            || name.ends_with("-id") && (name.starts_with("webhook") || name.starts_with("svix"))
    }

    fn verify(&self, incoming: &Incoming) -> Result<Verified, Flaw> {
        let secrets = [Secret::new(&*self.secret)];
        verify(self.source(), incoming, &secrets, self.window())
    }
}

fn vectors() -> Vec<Vector> {
    let read = |text: &str| serde_json::from_str::<Vec<Vector>>(text).unwrap();
    let vectors: Vec<Vector> = VECTORS.into_iter().flat_map(read).collect();
    assert!(vectors.len() >= 90);
    vectors
}

fn genuine() -> impl Iterator<Item = Vector> {
    vectors().into_iter().filter(|vector| vector.valid)
}

#[test]
fn the_vendors_vectors_hold() {
    for vector in vectors() {
        let verdict = vector.verify(&vector.incoming());
        let (scheme, note) = (&vector.scheme, &vector.note);
        assert_eq!(
            verdict.is_ok(),
            vector.valid,
            "{scheme}: {note}: {verdict:?}"
        );
        let late = ["older than", "TTL", "future", "301 s"];
        if late.iter().any(|late| note.contains(late)) {
            assert_eq!(verdict.unwrap_err().part, Part::Timestamp, "{note}");
        }
    }
}

#[test]
fn whatever_bit_of_the_body_flips_it_is_refused() {
    for vector in genuine() {
        for at in 0..vector.body.len() {
            for bit in 0..8 {
                let mut body = vector.body.clone().into_bytes();
                body[at] ^= 1 << bit;
                let verdict = vector.verify(&vector.with(body, None));
                assert!(verdict.is_err(), "{}", vector.note);
            }
        }
    }
}

/// The text with one bit of one byte flipped, in all ways that leave a character that a header may hold.
fn flipped(text: &str, at: usize) -> impl Iterator<Item = String> {
    let byte = text.as_bytes()[at];
    (0..7)
        .map(move |bit| byte ^ (1 << bit))
        .filter(u8::is_ascii_graphic)
        .map(move |byte| format!("{}{}{}", &text[..at], byte as char, &text[at + 1..]))
}

/// Headers that are not signed may say what they like; those that are may not.
#[test]
fn whatever_byte_of_a_signed_header_changes_it_is_refused() {
    for vector in genuine() {
        for (name, value) in vector
            .headers
            .iter()
            .filter(|(name, _)| vector.counts(name))
        {
            // Of several signatures the others may be anything.
            let value = value.as_str().unwrap();
            let first = if value.contains(" v1,") {
                value.find(" v1,").unwrap() + 1
            } else {
                0
            };
            let last = value[first..]
                .find(' ')
                .map_or(value.len(), |at| first + at);
            let last = if value.contains(", t=") {
                value.len()
            } else {
                last
            };
            for at in first..last {
                if vector.scheme.contains("legacy") && at > value.find(", t=").unwrap() + 3 {
                    continue;
                }
                for changed in flipped(value, at) {
                    let incoming =
                        vector.with(vector.body.clone().into_bytes(), Some((name, &changed)));
                    let verdict = vector.verify(&incoming);
                    assert!(verdict.is_err(), "{}: {name}: {changed}", vector.note);
                }
            }
        }
    }
}

#[test]
fn whatever_byte_of_the_secret_changes_it_is_refused() {
    for vector in genuine() {
        let prefix = vector
            .secret
            .find('_')
            .filter(|at| *at < 6 && vector.secret.starts_with("wh"))
            .map_or(0, |at| at + 1);
        // The last character of base64 may hold bits that mean nothing.
        let end = vector.secret.trim_end_matches('=').len()
            - usize::from(prefix > 0 || vector.vendor == "standard-webhooks");
        for at in prefix..end {
            for secret in flipped(&vector.secret, at) {
                let changed = Vector {
                    secret,
                    ..vector.clone()
                };
                let verdict = changed.verify(&changed.incoming());
                assert!(verdict.is_err(), "{}: {at}", vector.note);
            }
        }
    }
}

#[test]
fn any_of_several_secrets_will_do_and_it_is_said_which() {
    for vector in genuine() {
        let old = Secret::new("c".repeat(64));
        let secrets = [old.clone(), old, Secret::new(&*vector.secret)];
        let verdict = verify(
            vector.source(),
            &vector.incoming(),
            &secrets,
            vector.window(),
        );
        assert_eq!(verdict.unwrap().secret, 2, "{}", vector.note);
        let verdict = verify(vector.source(), &vector.incoming(), &[], vector.window());
        assert_eq!(verdict.unwrap_err().part, Part::Secret);
    }
}

#[test]
fn what_is_signed_too_early_or_too_late_is_refused_where_the_time_is_signed() {
    for vector in genuine() {
        let verified = vector.verify(&vector.incoming()).unwrap();
        let Some(at) = verified.signed_at else {
            continue;
        };
        let tolerance = Duration::from_secs(60);
        let secrets = [Secret::new(&*vector.secret)];
        for (now, taken) in [
            (at.plus(tolerance).plus(Duration::from_millis(1)), false),
            (at.minus(tolerance).minus(Duration::from_millis(1)), false),
            (at.plus(Duration::from_secs(59)), true),
            (at.minus(Duration::from_secs(59)), true),
        ] {
            let verdict = verify(
                vector.source(),
                &vector.incoming(),
                &secrets,
                Window { now, tolerance },
            );
            assert_eq!(verdict.is_ok(), taken, "{}", vector.note);
        }
    }
}

/// A public key is public: whoever knows it must not be able to sign with it.
#[test]
fn a_public_key_proves_no_hmac() {
    let public = "whpk_/RckOFqgx1tk+3jNYC+h2ZH96/drE8WO1wLqyDXp9hg=";
    let message = standardwebhooks::Webhook::new(public.trim_start_matches("whpk_")).unwrap();
    let signature = message.sign("msg_1", 1_767_225_600, b"{}").unwrap();
    let headers = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1767225600"),
        ("webhook-signature", &signature),
    ];
    let incoming = Incoming::new("POST", "https://a.example/", headers, "{}");
    let scheme = registry::scheme("standard_webhooks", false).unwrap();
    let window = Window {
        now: Timestamp(1_767_225_600_000_000),
        tolerance: Duration::from_secs(300),
    };
    let verdict = |secret: &str| verify(scheme, &incoming, &[Secret::new(secret)], window);
    assert!(verdict(public.trim_start_matches("whpk_")).is_ok());
    assert_eq!(verdict(public).unwrap_err().part, Part::Signature);
    assert_eq!(verdict("whsk_AAAA").unwrap_err().part, Part::Secret);
}

#[test]
fn older_headers_do_not_talk_a_newer_version_down() {
    let hubspot: Vec<Vector> = genuine()
        .filter(|vector| vector.vendor == "hubspot")
        .collect();
    let v2 = hubspot
        .iter()
        .find(|vector| vector.scheme == "hubspot-v2")
        .unwrap();
    let mut both = v2.clone();
    both.headers
        .insert("X-HubSpot-Signature-v3".into(), Value::from("AAAA"));
    both.headers.insert(
        "X-HubSpot-Request-Timestamp".into(),
        Value::from("1767225600000"),
    );
    assert!(both.verify(&both.incoming()).is_err());
}

/// SHA-256 over secret and message can be carried on by whoever knows one signature: what he appends
/// begins with the padding that was hashed, which is no UTF-8.
#[test]
fn what_may_have_been_carried_on_is_refused() {
    let v2 = genuine()
        .find(|vector| vector.scheme == "hubspot-v2")
        .unwrap();
    let body = [v2.body.as_bytes(), b"\x80\0\0,{}"].concat();
    let verdict = v2.verify(&v2.with(body, None));
    assert_eq!(verdict.unwrap_err().part, Part::Body);
}

#[test]
fn a_header_that_counts_and_came_twice_is_refused() {
    for vector in genuine() {
        for (name, value) in vector
            .headers
            .iter()
            .filter(|(name, _)| vector.counts(name))
        {
            let all = vector.headers.iter().chain([(name, value)]);
            let all = all.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
            let incoming = Incoming::new(&*vector.method, &*vector.url, all, vector.body.clone());
            let flaw = vector.verify(&incoming).unwrap_err();
            assert_eq!(flaw.part, Part::Header, "{}: {name}", vector.note);
        }
    }
}

#[test]
fn senders_that_sign_nothing_bring_the_secret_in_a_header() {
    let window = Window {
        now: Timestamp(0),
        tolerance: Duration::from_secs(300),
    };
    for kind in ["strapi", "directus"] {
        let verdict = |name: &str, value: &str| {
            let incoming = Incoming::new(
                "POST",
                "https://a.example/?token=s3cret",
                [(name, value)],
                "{}",
            );
            let scheme = registry::scheme(kind, false).unwrap();
            verify(scheme, &incoming, &[Secret::new("s3cret")], window)
        };
        assert!(verdict("Authorization", "Bearer s3cret").is_ok());
        assert!(verdict("X-Slugline-Token", "s3cret").is_ok());
        assert_eq!(
            verdict("Authorization", "Bearer s3cre").unwrap_err().part,
            Part::Signature
        );
        assert_eq!(
            verdict("Authorization", "Basic s3cret").unwrap_err().part,
            Part::Header
        );
        assert_eq!(verdict("Cookie", "s3cret").unwrap_err().part, Part::Header);
        assert!(
            !verdict("Authorization", "Bearer wrong")
                .unwrap_err()
                .detail
                .contains("s3cret")
        );
    }
}

#[test]
fn stripe_signs_the_time_and_may_bring_several_signatures() {
    let scheme = registry::scheme("hmac", false).unwrap();
    let window = Window {
        now: Timestamp(1_767_225_600_000_000),
        tolerance: Duration::from_secs(300),
    };
    // HMAC-SHA256("secret", "1767225600.{}"), by Python's hmac.
    let right = "fa7eaa06bf97d7815f3f456e97cde70c9e50cb005f01660c8d10b10c21964887";
    let verdict = |value: String, now: i64| {
        let incoming = Incoming::new(
            "POST",
            "https://a.example/",
            [("Stripe-Signature", value)],
            "{}",
        );
        let window = Window {
            now: Timestamp(now),
            ..window
        };
        verify(scheme, &incoming, &[Secret::new("secret")], window)
    };
    let wrong = "0".repeat(64);
    let at = window.now.0;
    assert!(verdict(format!("t=1767225600,v1={wrong},v1={right}"), at).is_ok());
    assert!(verdict(format!("t=1767225600,v1={wrong}"), at).is_err());
    assert!(verdict(format!("t=1767225600,t=1767225600,v1={right}"), at).is_err());
    assert!(verdict(format!("t=1767225601,v1={right}"), at).is_err());
    let late = verdict(format!("t=1767225600,v1={right}"), at + 301_000_000);
    assert_eq!(late.unwrap_err().part, Part::Timestamp);
}

#[test]
fn the_usual_mishaps_are_recognised() {
    let hint = |vector: &Vector, incoming: &Incoming, secret: &str| {
        let judge = |incoming: &Incoming, secret: &Secret| {
            let secrets = std::slice::from_ref(secret);
            verify(vector.source(), incoming, secrets, vector.window())
        };
        diagnosis::diagnose(judge, incoming, &Secret::new(secret))
    };
    for vector in genuine() {
        let incoming = vector.incoming();
        let with = |body: String| vector.with(body.into_bytes(), None);
        let more = with(format!("{}\n", vector.body));
        assert!(
            hint(&vector, &more, &vector.secret)
                .unwrap()
                .contains("end of the body")
        );
        assert_eq!(hint(&vector, &incoming, &"d".repeat(64)), None);
        if let Ok(json) = serde_json::from_str::<Box<serde_json::value::RawValue>>(&vector.body)
            && vector.body.starts_with('{')
            && !json.get().contains(": ")
        {
            let spaced = vector.body.replacen('{', "{ ", 1);
            assert!(
                hint(&vector, &with(spaced), &vector.secret)
                    .unwrap()
                    .contains("white space between")
            );
        }
    }
    let v3 = genuine()
        .find(|vector| vector.scheme == "hubspot-v3")
        .unwrap();
    let mut behind_a_proxy = v3.clone();
    behind_a_proxy.url = v3.url.replacen("https://", "http://", 1);
    let hint = hint(&behind_a_proxy, &behind_a_proxy.incoming(), &v3.secret);
    assert!(hint.unwrap().contains("public_url"));
}
