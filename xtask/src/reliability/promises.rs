//! The promises in full, and which suites put each to the test: the one place where both stand. The page is made from it,
//! and a test compares the README's short form with it.

/// One promise.
pub(super) struct Promise {
    /// `P1` to `P10`.
    pub(super) id: &'static str,
    /// As the README says it.
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    /// A suite of `cargo xtask test`, and what it does about this promise.
    pub(super) tested: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(super) const ALL: &[Promise] = &[
    Promise {
        id: "P1",
        title: "Nothing acknowledged is lost",
        text: "A 2xx from intake means that the event, its raw bytes and its jobs are on disk (fsync) or committed in PostgreSQL.",
        tested: &[
            (
                "kill9",
                "every acknowledged key is looked for after kills, a freeze and a full disk",
            ),
            (
                "sim",
                "crashes between any two store operations, power cuts that tear what was not synced",
            ),
            (
                "workspace",
                "the store's contract suite; a failed group commit is success for nobody",
            ),
            (
                "real_sources",
                "webhooks of four real CMSs over a network that repeats and loses them, with kills between",
            ),
            (
                "wordpress_plugin",
                "every change of a real WordPress is told, whatever becomes of the receiver or of the request",
            ),
        ],
    },
    Promise {
        id: "P2",
        title: "One key, one outcome",
        text: "A repeat of a key with the same request gets the stored answer, with another request 422. After the key expires the version guard still stops a second effect.",
        tested: &[
            (
                "kill9",
                "producers repeat every unanswered request, send some twice at once and misuse some keys",
            ),
            ("sim", "the same against a model of what was acknowledged"),
            (
                "workspace",
                "each row of the table of intake decisions, over HTTP and in the store's contract suite",
            ),
        ],
    },
    Promise {
        id: "P3",
        title: "No twins",
        text: "One content item is at most one entry at a destination, whatever times out, crashes or commits late; and never at the cost of an entry that is not ours.",
        tested: &[
            (
                "real_wordpress",
                "a real WordPress behind a network that fails, with a person's entries beside ours",
            ),
            (
                "kill9",
                "one message id for each generation, one effect for each id",
            ),
            (
                "sim",
                "lost answers and late commits at the vendors' fakes; a blog that tells of what is written to it",
            ),
            (
                "real_sources",
                "a real WordPress that is source and destination at once, and a person at work in it",
            ),
            (
                "workspace",
                "the connectors' contract suite, with faults between any two requests",
            ),
        ],
    },
    Promise {
        id: "P4",
        title: "Never backwards",
        text: "A destination is never left at a generation lower than one it already showed. Rollback is a new generation that carries an older body.",
        tested: &[
            (
                "kill9",
                "the sink compares the generations of every item, delivery by delivery",
            ),
            ("sim", "delay, reorder and repeats on every path"),
            (
                "real_wordpress",
                "stories in which versions arrive in the wrong order",
            ),
        ],
    },
    Promise {
        id: "P5",
        title: "`live` means seen",
        text: "A job is `live` only after its destination was read back and matched, media included. Where a destination cannot be read, its acceptance is all there is and is called `acknowledged`.",
        tested: &[
            (
                "real_wordpress",
                "every field, term and picture of what is live is compared with what was sent",
            ),
            ("sim", "answers of 200 that did not take"),
            ("workspace", "the connectors' contract suite"),
        ],
    },
    Promise {
        id: "P6",
        title: "It converges, or waits where you can see it",
        text: "When faults stop, every destination shows its desired generation; or the job is a dead letter with a reason and a suggested action; or it waits visibly.",
        tested: &[
            (
                "kill9",
                "at the end every publish is live or superseded, and every item shows its newest version",
            ),
            (
                "sim",
                "within a stated bound of virtual time after the last fault",
            ),
            (
                "demo",
                "a destination that fails often ends with everything live",
            ),
            (
                "real_sources",
                "in the end what is live is what each CMS shows, told or found by asking",
            ),
        ],
    },
    Promise {
        id: "P7",
        title: "One settler a lane",
        text: "At most one run at a time per lane, by lease and fence; a run whose lease is lost settles nothing; what it may still have written is treated as an unknown write and looked at again.",
        tested: &[
            (
                "kill9",
                "a process that stands still for longer than its leases last, then goes on",
            ),
            ("sim", "suspended nodes that go on writing"),
            (
                "workspace",
                "the store's contract suite for leases, fences and lanes",
            ),
        ],
    },
    Promise {
        id: "P8",
        title: "Everything is on the record",
        text: "Every change of state is an append-only event, in sealed, hash-chained segments. A reader that follows the log by cursor never misses an event that committed late.",
        tested: &[
            (
                "kill9",
                "`verify-log` on what the last kill left, and at the end",
            ),
            ("sim", "the log against the model after every step"),
            (
                "workspace",
                "the store's contract suite; damage to any entry is found",
            ),
        ],
    },
    Promise {
        id: "P9",
        title: "Bounded",
        text: "Memory, retries, queue, log and disk have limits; past a limit intake answers 429 or 503 with Retry-After, and nothing already accepted suffers.",
        tested: &[
            (
                "kill9",
                "a disk filled to its last page: intake says later, and goes on by itself when there is room",
            ),
            ("fuzz", "decoders under damaged input"),
            ("workspace", "body caps, thresholds, retention"),
        ],
    },
    Promise {
        id: "P10",
        title: "Urgent is urgent",
        text: "A backlog of bulk work delays an urgent publish by no more than one in-flight batch, at the workers and in each vendor's rate budget.",
        tested: &[
            (
                "workspace",
                "shares of workers and of rate budgets, class by class",
            ),
            ("sim", "urgent publishes behind bulk"),
        ],
    },
];
