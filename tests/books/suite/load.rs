//! Clients that call one after the other, and remember what they saw answered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;
use wayleave_tests::{Client, Format};

/// Clients at a time.
pub(crate) const CLIENTS: usize = 16;

/// Calls that are made together.
#[derive(Clone, Default)]
pub(crate) struct Load {
    begun: Arc<AtomicUsize>,
    answered: Arc<Mutex<Vec<String>>>,
}

impl Load {
    /// Makes calls until so many are begun, in all of its runs together; half of them are streamed. A call may break off.
    pub(crate) fn run(&self, client: &Client, until: usize) -> JoinSet<()> {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (load, client) = (self.clone(), client.clone());
            clients.spawn(async move {
                loop {
                    let number = load.begun.fetch_add(1, Ordering::Relaxed);
                    if number >= until {
                        load.begun.fetch_sub(1, Ordering::Relaxed);
                        return;
                    }
                    load.call(&client, number % 2 == 0).await;
                }
            });
        }
        clients
    }

    async fn call(&self, client: &Client, streamed: bool) {
        let format = Format::OpenAi;
        let body = format.request("chat", streamed).to_string();
        let Ok(streaming) = client.post(format, format.path(), &[], body).await else {
            // Until another data plane is there.
            tokio::task::yield_now().await;
            return;
        };
        let answer = client.read(streaming).await;
        let ended = !streamed || answer.text().contains("[DONE]");
        if answer.status == 200 && answer.complete && ended {
            self.answered.lock().unwrap().push(answer.id().to_owned());
        }
    }

    /// The calls whose clients saw them answered.
    pub(crate) fn answered(&self) -> Vec<String> {
        self.answered.lock().unwrap().clone()
    }
}
