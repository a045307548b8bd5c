//! Against a real server.

use tempfile::TempDir;
use wayleave_core::evidence::{Length, Scores};
use wayleave_core::secret::Secret;

use super::scripts::Said;
use super::*;
use crate::cache::store::cluster::{self, Program};
use crate::cache::store::process::{Process, until};
use crate::learned::{Learned, Shared, Tables};
use crate::metrics::Metrics;

/// More than one page of everything.
const NAMES: u32 = 600;

/// One replica, whose rounds a test makes.
struct Replica {
    lengths: Arc<Shared<Length>>,
    scores: Arc<Shared<Scores>>,
    metrics: Arc<Metrics>,
    member: Member,
}

fn options(process: &Process) -> CommonsOptions {
    CommonsOptions {
        url: process.url().parse().unwrap(),
        user: None,
        password: None,
        cluster: false,
        ca_file: None,
        prefix: "test".parse().unwrap(),
    }
}

fn replica_with(options: CommonsOptions) -> Replica {
    let mut learned = Learned::default();
    let (lengths, scores) = (learned.table("lengths"), learned.table("scores"));
    let metrics = Metrics::new();
    let tables = Tables(learned.tables.as_slice().into());
    Replica {
        lengths,
        scores,
        member: Member::new(options, tables, metrics.learned().clone()),
        metrics,
    }
}

fn replica(process: &Process) -> Replica {
    replica_with(options(process))
}

impl Replica {
    fn observe(&self, name: &str, times: u32) {
        for _ in 0..times {
            self.lengths.observe(name, |length| length.observe(10));
        }
    }

    fn count(&self, name: &str) -> u64 {
        self.lengths.sum(name).count()
    }

    async fn round(&mut self) {
        self.member.round(false).await;
    }

    fn counted(&self, metric: &str) -> u64 {
        let text = self.metrics.text();
        let line = text.lines().find(|line| line.starts_with(metric));
        line.map_or(0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }

    /// Is silent for so long that it is taken for dead.
    async fn is_silent(&mut self) {
        self.member.leave().await.unwrap();
    }

    /// Is about to take over from another one.
    async fn prepare(&mut self, gone: &str) {
        self.member.connect().await.unwrap();
        self.member.write().await.unwrap();
        self.member.read().await.unwrap();
        assert!(self.member.prepare(gone));
    }
}

/// Of how many names it took over what was left behind.
fn taken_over(replica: &Replica) -> u64 {
    replica.counted("wayleave_learned_taken_over_total")
}

async fn both(one: &mut Replica, two: &mut Replica) {
    for _ in 0..2 {
        one.round().await;
        two.round().await;
    }
}

#[tokio::test]
async fn replicas_learn_from_each_other_and_count_nothing_twice() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let (mut one, mut two) = (replica(&process), replica(&process));
    one.observe("a", 3);
    two.observe("a", 4);
    two.observe("b", 5);
    both(&mut one, &mut two).await;
    for replica in [&one, &two] {
        assert_eq!((replica.count("a"), replica.count("b")), (7, 5));
        assert_eq!(replica.counted("wayleave_learned_replicas"), 2);
    }
    one.observe("a", 1);
    assert_eq!((one.count("a"), two.count("a")), (8, 7));
    both(&mut one, &mut two).await;
    both(&mut one, &mut two).await;
    assert_eq!((one.count("a"), two.count("a")), (8, 8));
    // Of another gateway at the same server.
    let mut other = replica_with(CommonsOptions {
        prefix: "other".parse().unwrap(),
        ..options(&process)
    });
    other.round().await;
    assert_eq!(other.count("a"), 0);
}

#[tokio::test]
async fn a_change_that_one_notices_is_one_for_all() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let (mut one, mut two) = (replica(&process), replica(&process));
    for replica in [&one, &two] {
        (0..100).for_each(|_| replica.scores.observe("a", |scores| scores.observe(1.0)));
    }
    both(&mut one, &mut two).await;
    assert!(two.scores.sum("a").count() > 150.0);
    (0..32).for_each(|_| one.scores.observe("a", |scores| scores.observe(0.0)));
    both(&mut one, &mut two).await;
    assert!(two.scores.sum("a").value().unwrap() < 0.2);
    let before = two.scores.sum("a").count();
    two.scores.observe("a", |scores| scores.observe(0.0));
    assert!((two.scores.sum("a").count() - before - 1.0).abs() < 1e-9);
}

#[tokio::test]
async fn what_a_process_leaves_behind_counts_and_is_taken_over_once() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let mut killed = replica(&process);
    for name in 0..NAMES {
        killed.observe(&name.to_string(), name % 7 + 1);
    }
    killed.round().await;
    let (mut one, mut two) = (replica(&process), replica(&process));
    one.observe("1", 100);
    let right = |replica: &Replica| {
        (0..NAMES).all(|name| {
            let more = if name == 1 { 100 } else { 0 };
            replica.count(&name.to_string()) == u64::from(name % 7 + 1) + more
        })
    };
    both(&mut one, &mut two).await;
    assert!(right(&one) && right(&two), "it counts at once");
    assert_eq!(taken_over(&one) + taken_over(&two), 0, "it may come back");
    killed.is_silent().await;
    drop(killed);
    until("all is taken over", async || {
        both(&mut one, &mut two).await;
        (taken_over(&one) + taken_over(&two) >= u64::from(NAMES)).then_some(())
    })
    .await;
    both(&mut one, &mut two).await;
    assert_eq!(taken_over(&one) + taken_over(&two), u64::from(NAMES));
    assert!(right(&one) && right(&two), "it counts as before");
    let mut later = replica(&process);
    later.round().await;
    assert!(right(&later));
}

#[tokio::test]
async fn of_two_heirs_each_part_comes_to_one() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let mut killed = replica(&process);
    killed.observe("a", 5);
    killed.round().await;
    killed.is_silent().await;
    let (mut one, mut two) = (replica(&process), replica(&process));
    one.observe("a", 1);
    one.prepare(&killed.member.replica).await;
    two.prepare(&killed.member.replica).await;
    let won = (
        one.member.resolve().await.unwrap(),
        two.member.resolve().await.unwrap(),
    );
    assert_eq!(won, (true, false));
    both(&mut one, &mut two).await;
    assert_eq!((one.count("a"), two.count("a")), (6, 6));
    assert_eq!(taken_over(&one), 1);
    assert_eq!(
        one.counted("wayleave_learned_replicas"),
        1,
        "the other one has learned nothing yet"
    );
    let mut later = replica(&process);
    later.round().await;
    assert_eq!(later.count("a"), 6);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let mut killed = replica(&process);
    killed.observe("a", 5);
    killed.round().await;
    killed.is_silent().await;
    let mut heir = replica(&process);
    heir.observe("a", 1);
    heir.prepare(&killed.member.replica).await;
    let answer = heir.member.ask_for_pending().await.unwrap();
    assert!(matches!(answer, Said::Done(_)));
    // It does not know that it has it.
    heir.observe("a", 1);
    assert_eq!(heir.count("a"), 7);
    heir.round().await;
    heir.round().await;
    assert_eq!(heir.count("a"), 7);
    let mut later = replica(&process);
    later.round().await;
    assert_eq!(later.count("a"), 7);
}

#[tokio::test]
async fn who_ends_in_peace_is_taken_over_at_once() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let (mut one, mut two) = (replica(&process), replica(&process));
    one.observe("a", 5);
    two.observe("b", 1);
    both(&mut one, &mut two).await;
    one.observe("a", 1);
    one.member.round(true).await;
    drop(one);
    two.round().await;
    assert_eq!(two.count("a"), 6);
    assert_eq!(taken_over(&two), 1);
    assert_eq!(two.counted("wayleave_learned_replicas"), 1);
    // One that is only silent is not.
    let mut three = replica(&process);
    three.round().await;
    assert_eq!((three.count("a"), three.count("b")), (6, 1));
    assert_eq!(taken_over(&three), 0);
}

#[tokio::test]
async fn who_was_taken_for_dead_begins_anew() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    let (mut away, mut heir) = (replica(&process), replica(&process));
    away.observe("a", 5);
    away.round().await;
    away.is_silent().await;
    heir.round().await;
    assert_eq!(taken_over(&heir), 1);
    away.observe("a", 1);
    away.observe("new", 2);
    away.round().await;
    away.round().await;
    both(&mut away, &mut heir).await;
    for replica in [&away, &heir] {
        // What came after the last write cannot be told from what came before.
        assert_eq!((replica.count("a"), replica.count("new")), (5, 2));
    }
    away.observe("a", 1);
    both(&mut away, &mut heir).await;
    assert_eq!((away.count("a"), heir.count("a")), (6, 6));
}

#[tokio::test]
async fn a_server_that_loses_everything_gets_it_again() {
    let Some(mut process) = Process::start(&[]).await else {
        return;
    };
    let (mut one, mut two) = (replica(&process), replica(&process));
    one.observe("a", 3);
    two.observe("a", 4);
    both(&mut one, &mut two).await;
    process.kill();
    one.observe("a", 1);
    one.round().await;
    two.round().await;
    assert_eq!((one.count("a"), two.count("a")), (8, 7));
    assert!(one.counted("wayleave_learned_errors_total") > 0);
    process.restart().await;
    both(&mut one, &mut two).await;
    both(&mut one, &mut two).await;
    assert_eq!((one.count("a"), two.count("a")), (8, 8));
}

#[tokio::test]
async fn a_cluster_does_it_as_well() {
    let Some(nodes) = cluster::nodes(Program::Any).await else {
        return;
    };
    // Whichever node has it, the first tells where.
    for prefix in ["one", "two", "three", "four"] {
        let replica = || {
            replica_with(CommonsOptions {
                url: format!("redis://127.0.0.1:{}", nodes[0].port).parse().unwrap(),
                user: None,
                password: None,
                cluster: true,
                ca_file: None,
                prefix: prefix.parse().unwrap(),
            })
        };
        let (mut one, mut two) = (replica(), replica());
        one.observe("a", 3);
        two.observe("a", 4);
        both(&mut one, &mut two).await;
        assert_eq!((one.count("a"), two.count("a")), (7, 7));
        one.member.round(true).await;
        two.round().await;
        assert_eq!((two.count("a"), taken_over(&two)), (7, 1));
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_without_it() {
    let Some(process) = Process::start(&["--requirepass", "right-password"]).await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "wrong-password\n").unwrap();
    let options = CommonsOptions {
        password: Some(Password::File(file.clone())),
        ..options(&process)
    };
    assert!(!format!("{options:?}").contains("-password\""), "{options:?}");
    let mut one = replica_with(options);
    one.observe("a", 1);
    one.round().await;
    assert!(
        one.metrics
            .text()
            .contains("place=\"redis\",reason=\"credentials\"")
    );
    std::fs::write(&file, "right-password\n").unwrap();
    one.round().await;
    let mut two = replica_with(CommonsOptions {
        password: Some(Password::Text(Secret::new("right-password"))),
        ..self::options(&process)
    });
    two.round().await;
    assert_eq!(two.count("a"), 1);
}

/// Whatever happens in whatever order, what was written counts once in the end.
#[tokio::test]
async fn in_any_order_everything_counts_once() {
    let Some(process) = Process::start(&[]).await else {
        return;
    };
    for seed in 0..12 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let new = || {
            replica_with(CommonsOptions {
                prefix: format!("seed-{seed}").parse().unwrap(),
                ..options(&process)
            })
        };
        let mut replicas: Vec<_> = (0..3).map(|_| new()).collect();
        let mut total = [0_u64; 3];
        for _ in 0..80 {
            let index = rng.usize(..3);
            let replica = &mut replicas[index];
            match rng.u8(..10) {
                0..5 => {
                    let name = rng.usize(..3);
                    replica.observe(&name.to_string(), 1);
                    total[name] += 1;
                }
                5..8 => replica.round().await,
                8 => {
                    replica.member.round(true).await;
                    replicas[index] = new();
                }
                // The answer to a takeover is lost.
                _ => {
                    replica.member.connect().await.unwrap();
                    if replica.member.pending.is_none() {
                        replica.member.write().await.unwrap();
                        let list = replica.member.read().await.unwrap();
                        let gone = list
                            .heard
                            .iter()
                            .find(|(_, heard)| list.now - **heard > 900_000.0);
                        if let Some((gone, _)) = gone
                            && replica.member.prepare(gone)
                        {
                            replica.member.ask_for_pending().await.unwrap();
                        }
                    }
                }
            }
        }
        for _ in 0..3 {
            for replica in &mut replicas {
                replica.round().await;
            }
        }
        for replica in &replicas {
            let counts = [0, 1, 2].map(|name: usize| replica.count(&name.to_string()));
            assert_eq!(counts, total, "seed {seed}");
        }
    }
}

#[test]
fn a_url_has_no_credentials_and_a_prefix_no_braces() {
    for url in [
        "redis://h",
        "rediss://h:6380/2",
        "redis+unix:///run/redis",
        "unix:///run/redis",
    ] {
        assert_eq!(
            url.parse::<RedisUrl>().map(|url| url.to_string()),
            Ok(url.to_owned())
        );
    }
    for url in [
        "",
        "h:6379",
        "http://h",
        "redis://u:p@h",
        "redis://:p@h",
        "redis://h?pass=p",
        "redis+unix://h/s",
        "redis://",
    ] {
        assert_eq!(url.parse::<RedisUrl>(), Err(BadRedisUrl), "{url}");
    }
    assert!("llm/wayleave".parse::<Prefix>().is_ok());
    for prefix in ["", "a{b}", "a b", "é"] {
        assert_eq!(prefix.parse::<Prefix>(), Err(BadPrefix), "{prefix}");
    }
}
