//! Answers that are kept in a Redis serve at every data plane, and only whom they were made for.

use std::collections::HashMap;

use futures_util::future::join_all;
use wayleave_tests::{Answer, Front, on_every_front};

use super::caching::{PATIENT, Pair, WAYS, Way, cache};

on_every_front!(an_answer_of_one_is_a_hit_at_the_other, two_clients_never_share);

/// Streamed and not, in both formats, each after each.
async fn an_answer_of_one_is_a_hit_at_the_other(front: Front) {
    let Some(pair) = Pair::start(front, "m?tokens=30", PATIENT, ["", ""]).await else {
        return;
    };
    let [one, other] = pair.client();
    let before = pair.sim.requests().len();
    let (mut count, mut late) = (0, 0);
    for from in WAYS {
        for to in WAYS {
            count += 1;
            let question = format!("Question {count}");
            let first = from.ask(&one, &question).await;
            assert_eq!(cache(&first), "miss", "{from:?}");
            pair.names(count).await;
            let mut second = to.ask(&other, &question).await;
            // On a busy machine a look may take too long: that is counted, and the next one finds it.
            while cache(&second) == "miss" {
                late += 1;
                second = to.ask(&other, &question).await;
            }
            assert_eq!(cache(&second), "hit", "{from:?} {to:?}");
            assert_eq!(to.said(&second), from.said(&first), "{from:?} {to:?}");
            assert!(second.header("age").parse::<u64>().is_ok(), "{second:?}");
            assert!(
                second.header("x-wayleave-saved-usd").parse::<f64>().unwrap() > 0.0,
                "{second:?}"
            );
            let books = pair.gateways[1].books(second.id()).await;
            let [hit] = books.attempts.as_slice() else {
                panic!("{books:?}")
            };
            assert_eq!(hit.to_string(), "p cache-hit ok");
            assert_eq!(hit.cost_ticks, Some(0));
            assert!(late > 0 || hit.answered.as_deref() == Some(first.id()), "{hit:?}");
        }
    }
    assert_eq!(
        pair.sim.requests().len() - before,
        count + late,
        "each question once"
    );
    let metrics = pair.gateways[1].metrics().await;
    let unavailable = metrics.count("wayleave_cache_misses_total", &[("reason", "unavailable")]);
    let late = i64::try_from(late).unwrap();
    assert!(
        late <= unavailable && late < 8,
        "{late} looks were late, {unavailable} are told"
    );
    pair.finish().await;
}

/// Two clients that ask the same at the same time, at both gateways, streamed and not. What serves a call was always
/// made for a call of the same client.
async fn two_clients_never_share(front: Front) {
    const QUESTIONS: usize = 6;
    let Some(pair) = Pair::start(front, "m?tokens=30&ttft=20ms", PATIENT, ["", ""]).await else {
        return;
    };
    let clients = [pair.client(), pair.client()];
    assert_ne!(clients[0][0].credential(), clients[1][0].credential());
    let mut asked: Vec<(usize, usize, Answer)> = Vec::new();
    for question in 0..QUESTIONS {
        let question = format!("Shared question {question}");
        // Thrice: most of the first are misses, those after them hits.
        for _ in 0..3 {
            let mut calls = Vec::new();
            for (client, places) in clients.iter().enumerate() {
                for (gateway, place) in places.iter().enumerate() {
                    let question = &question;
                    let ask =
                        move |way: Way| async move { (client, gateway, way.ask(place, question).await) };
                    calls.extend(WAYS.map(ask));
                }
            }
            asked.extend(join_all(calls).await);
        }
    }
    let owners: HashMap<&str, usize> = asked
        .iter()
        .map(|(client, _, answer)| (answer.id(), *client))
        .collect();
    let mut kinds = HashMap::<&str, usize>::new();
    for (client, gateway, answer) in &asked {
        *kinds.entry(cache(answer)).or_default() += 1;
        let books = pair.gateways[*gateway].books(answer.id()).await;
        for answered in books
            .attempts
            .iter()
            .filter_map(|attempt| attempt.answered.as_deref())
        {
            assert_eq!(owners[answered], *client, "{books:?}");
        }
    }
    println!("{kinds:?}");
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
    assert!(of("miss") >= 2 * QUESTIONS, "each client's own: {kinds:?}");
    assert!(of("hit") >= 16 * QUESTIONS && of("coalesced") > 0, "{kinds:?}");
    assert_eq!(of("miss") + of("hit") + of("coalesced"), asked.len(), "{kinds:?}");
    pair.finish().await;
}
