//! Reading the pieces of an answer, and breaking off one that is cut.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Sleep;
use wayleave_engine::call::{Piece, Pieces, Summary};

/// Time for the last pieces to leave before the connection breaks: what is still queued is lost with it, and it may be
/// the event that tells the client what went wrong.
const LINGER: Duration = Duration::from_millis(50);

/// The pieces of an answer as an adaptor reads them.
#[derive(Debug)]
pub(crate) struct Answering {
    pieces: Pieces,
    linger: Option<Pin<Box<Sleep>>>,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// These bytes.
    Bytes(Bytes),
    /// The end.
    End(Box<Summary>),
    /// The answer is cut: the connection has to break, so that the client does not take it for whole.
    Cut,
}

impl Answering {
    /// Reads these.
    pub(crate) const fn new(pieces: Pieces) -> Self {
        Self { pieces, linger: None }
    }

    /// The next piece that is not empty.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            if let Some(linger) = &mut self.linger {
                ready!(linger.as_mut().poll(cx));
                return Poll::Ready(Next::Cut);
            }
            match ready!(self.pieces.poll_recv(cx)) {
                Some(Piece::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Piece::Bytes(bytes)) => return Poll::Ready(Next::Bytes(bytes)),
                Some(Piece::End(summary)) => return Poll::Ready(Next::End(summary)),
                None => self.linger = Some(Box::pin(tokio::time::sleep(LINGER))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cut_lets_the_last_piece_leave_first() {
        let (sender, pieces) = mpsc::channel(4);
        sender.send(Piece::Bytes(Bytes::new())).await.unwrap();
        sender
            .send(Piece::Bytes(Bytes::from_static(b"last words")))
            .await
            .unwrap();
        drop(sender);
        let mut answering = Answering::new(pieces);
        let start = Instant::now();
        let next = poll_fn(|cx| answering.poll_next(cx)).await;
        assert!(matches!(next, Next::Bytes(bytes) if bytes == "last words"));
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(matches!(poll_fn(|cx| answering.poll_next(cx)).await, Next::Cut));
        assert!(start.elapsed() >= LINGER);
    }
}
