//! A replica among others.

mod takeover;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::takeover::Pending;
use super::scripts::{List, PAGE, Said, Scripts};
use super::{BadCommons, CommonsOptions};
use crate::cache::store::server::{Wire, fault};
use crate::learned::{Sent, Tables};
use crate::metrics::{Fault, LearnedMetrics};

/// How long a replica is silent until others take over its parts: they count meanwhile as before. One that is cut off
/// from the server for longer, though not dead, has to begin anew.
const SILENCE: Duration = Duration::from_secs(15 * 60);
/// A replica is there that was heard of so long ago at most.
const PRESENT: Duration = Duration::from_secs(30);
/// Replicas whose parts are read at most, those first that were heard of last.
const MOST_REPLICAS: usize = 64;
/// How often a round reads again because parts changed hands meanwhile.
const TRIES: usize = 3;

/// What a replica knows of itself and the others.
pub(in crate::learned) struct Member {
    options: CommonsOptions,
    tables: Tables,
    metrics: LearnedMetrics,
    /// One's own name: new with each start.
    pub(super) replica: String,
    /// How many parts of one's own are written.
    seq: Written,
    /// What is read of the others.
    seen: BTreeMap<String, Seen>,
    /// What is asked to be taken over, as long as the answer is not known. Nothing is written meanwhile.
    pub(super) pending: Option<Pending>,
    wire: Option<Wire>,
    told: Option<Fault>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Written {
    /// As the server has it.
    server: u64,
    /// The most ever. Numbers never go back, even where the server does.
    most: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    seq: u64,
    cut: u64,
}

/// What a round reads of one replica.
struct News {
    replica: String,
    seen: Seen,
    /// All its parts, and not only those that changed.
    whole: bool,
    parts: Vec<(String, String)>,
}

impl Member {
    pub(in crate::learned) fn new(options: CommonsOptions, tables: Tables, metrics: LearnedMetrics) -> Self {
        Self {
            options,
            tables,
            metrics,
            replica: name(),
            seq: Written::default(),
            seen: BTreeMap::new(),
            pending: None,
            wire: None,
            told: None,
        }
    }

    /// Writes what this replica has learned since, and reads what others have. `last`: the process is about to end.
    pub(in crate::learned) async fn round(&mut self, last: bool) {
        match self.try_round(last).await {
            Ok(()) => {
                if self.told.take().is_some() {
                    tracing::info!("the Redis of what is learned is there again");
                }
            }
            Err(fault) => self.failed(fault),
        }
    }

    fn failed(&mut self, fault: Fault) {
        self.metrics.failed("redis", fault.as_str());
        if matches!(fault, Fault::Connection | Fault::Timeout | Fault::Credentials) {
            self.wire = None;
        }
        // Once for each reason, not each time.
        if self.told.replace(fault) != Some(fault) {
            let reason = fault.as_str();
            tracing::warn!(
                reason,
                "the Redis of what is learned fails: each replica goes on with what it knows"
            );
        }
    }

    async fn try_round(&mut self, last: bool) -> Result<(), Fault> {
        self.connect().await?;
        self.resolve().await?;
        self.write().await?;
        if last {
            return self.leave().await;
        }
        let list = self.read().await?;
        self.take_over(&list).await
    }

    pub(super) async fn connect(&mut self) -> Result<(), Fault> {
        if self.wire.is_some() {
            return Ok(());
        }
        let server = self.options.server().map_err(|error| {
            if self.told != Some(Fault::Unusable) {
                tracing::error!(%error, "the Redis of what is learned cannot be used");
            }
            match error {
                BadCommons::Server(_) | BadCommons::Password(_) | BadCommons::Certificates(_) => {
                    Fault::Unusable
                }
            }
        })?;
        self.wire = Some(server.connect().await.map_err(|error| fault(&error))?);
        Ok(())
    }

    fn scripts(&self) -> Result<Scripts<'_>, Fault> {
        Ok(Scripts {
            wire: self.wire.as_ref().ok_or(Fault::Down)?,
            prefix: &self.options.prefix,
        })
    }

    /// Writes own parts that changed; if there are none, says that one is there.
    pub(super) async fn write(&mut self) -> Result<(), Fault> {
        let mut wrote = false;
        let mut tries = 0;
        loop {
            let batch = self.changed();
            let idle = batch.is_empty();
            if idle && (wrote || self.seq.server == 0) {
                return Ok(());
            }
            let parts: Vec<_> = batch.iter().map(|row| (row.field(), row.part.clone())).collect();
            let seq = self.seq;
            let scripts = self.scripts()?;
            let said = scripts.write(&self.replica, seq.server, seq.most, &parts).await;
            let sent = match said {
                Ok(Said::Done(_)) => Sent::Written,
                Ok(_) => Sent::Refused,
                Err(_) => Sent::Unknown,
            };
            self.sent(&batch, sent);
            match said? {
                Said::Done(seq) => {
                    self.seq.is(seq);
                    wrote = true;
                    if idle {
                        return Ok(());
                    }
                }
                Said::OutOfStep(seq) => {
                    self.out_of_step(seq);
                    tries += 1;
                    if tries >= TRIES {
                        return Err(Fault::Refused);
                    }
                }
                Said::Gone => {
                    self.begin_anew();
                    return Ok(());
                }
                Said::Refused => return Err(Fault::Refused),
            }
        }
    }

    fn changed(&self) -> Vec<Row> {
        let mut batch = Vec::new();
        for (table, rows) in self.tables.iter() {
            let changed = rows.changed(PAGE - batch.len());
            batch.extend(changed.into_iter().map(|(name, part)| Row { table, name, part }));
        }
        batch
    }

    fn sent(&self, batch: &[Row], sent: Sent) {
        for (table, rows) in self.tables.iter() {
            let names: Vec<_> = batch
                .iter()
                .filter(|row| row.table == table)
                .map(|row| Arc::clone(&row.name))
                .collect();
            rows.sent(&names, sent);
        }
    }

    /// The server has lost what was written, or has more of it than it could say.
    fn out_of_step(&mut self, seq: u64) {
        if seq < self.seq.server {
            tracing::info!(
                "the Redis of what is learned has lost parts of this replica: they are written again"
            );
            self.tables.iter().for_each(|(_, rows)| rows.unwritten());
        }
        self.seq.is(seq);
    }

    /// Others took this replica for dead.
    fn begin_anew(&mut self) {
        tracing::warn!(
            "this replica was away from the Redis of what is learned for so long that others took over what it had \
             learned: it begins anew"
        );
        self.tables.iter().for_each(|(_, rows)| rows.leave());
        self.replica = name();
        self.seq = Written::default();
        self.pending = None;
    }

    pub(super) async fn leave(&self) -> Result<(), Fault> {
        if self.seq.server == 0 {
            return Ok(());
        }
        let silence = SILENCE.saturating_add(PRESENT);
        self.scripts()?.leave(&self.replica, silence).await
    }

    /// Reads what others have written since.
    pub(super) async fn read(&mut self) -> Result<List, Fault> {
        for _ in 0..TRIES {
            let list = self.scripts()?.list().await?;
            if let Some(news) = self.news(&list).await? {
                self.learn(news, &list);
                return Ok(list);
            }
        }
        Err(Fault::Refused)
    }

    /// `None`: parts changed hands meanwhile, so that some may be in both or in none.
    async fn news(&self, list: &List) -> Result<Option<Vec<News>>, Fault> {
        let scripts = self.scripts()?;
        let mut all = Vec::new();
        for replica in self.others(list) {
            let now = list.seen(&replica);
            let known = self.seen.get(&replica);
            let known = known.filter(|known| known.cut == now.cut && known.seq <= now.seq);
            if known == Some(&now) {
                continue;
            }
            let mut news = News {
                seen: Seen {
                    seq: known.map_or(0, |known| known.seq),
                    ..now
                },
                whole: known.is_none(),
                replica,
                parts: Vec::new(),
            };
            loop {
                let page = scripts.read(&news.replica, news.seen.seq).await?;
                if page.moves != list.moves {
                    return Ok(None);
                }
                news.seen.seq = page.last;
                news.parts.extend(page.parts);
                if !page.more {
                    break;
                }
            }
            news.seen.seq = news.seen.seq.max(now.seq);
            all.push(news);
        }
        Ok(Some(all))
    }

    fn learn(&mut self, news: Vec<News>, list: &List) {
        let others = self.others(list);
        for gone in self.seen.keys().filter(|known| !others.contains(known)) {
            self.tables.iter().for_each(|(_, rows)| rows.forget(gone));
        }
        self.seen.retain(|known, _| others.contains(known));
        for news in news {
            for (table, rows) in self.tables.iter() {
                if news.whole {
                    rows.forget(&news.replica);
                }
                let of_table = news.parts.iter().filter_map(|(field, part)| {
                    let name = field.strip_prefix(table)?.strip_prefix(' ')?;
                    Some((name, part.as_str()))
                });
                rows.learn(&news.replica, &of_table.collect::<Vec<_>>());
            }
            self.seen.insert(news.replica, news.seen);
        }
        self.metrics.replicas(self.present(list) + 1);
    }

    /// The other replicas that are read.
    fn others(&self, list: &List) -> Vec<String> {
        let mut others: Vec<_> = list
            .heard
            .iter()
            .filter(|(replica, _)| **replica != self.replica)
            .collect();
        others.sort_by(|one, two| two.1.total_cmp(one.1).then_with(|| one.0.cmp(two.0)));
        others.truncate(MOST_REPLICAS);
        others.into_iter().map(|(replica, _)| replica.clone()).collect()
    }

    /// How many others are there now.
    fn present(&self, list: &List) -> usize {
        let others = list.heard.iter().filter(|(replica, _)| **replica != self.replica);
        others.filter(|(_, heard)| list.silent(**heard) < PRESENT).count()
    }
}

/// An own part on its way.
struct Row {
    table: &'static str,
    name: Arc<str>,
    part: String,
}

impl Row {
    fn field(&self) -> String {
        field(self.table, &self.name)
    }
}

impl Written {
    fn is(&mut self, seq: u64) {
        self.server = seq;
        self.most = self.most.max(seq);
    }
}

impl List {
    fn seen(&self, replica: &str) -> Seen {
        let of = |numbers: &std::collections::HashMap<String, u64>| numbers.get(replica).copied();
        Seen {
            seq: of(&self.seqs).unwrap_or_default(),
            cut: of(&self.cuts).unwrap_or_default(),
        }
    }

    fn silent(&self, heard: f64) -> Duration {
        Duration::try_from_secs_f64((self.now - heard) / 1000.0).unwrap_or_default()
    }
}

fn field(table: &str, name: &str) -> String {
    [table, " ", name].concat()
}

fn name() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
