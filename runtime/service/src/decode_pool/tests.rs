//! Tests of the pool with sessions that wait, allocate and fail on request.

use super::*;
use bytes::Bytes;
use safelight_core::{Flow, Head, Session, Sink, Stop, StopReason, testing::Output};
use std::sync::mpsc;
use tokio::time::timeout;

fn pool(memory_bytes: u64, workers: usize, max_waiting: usize) -> Arc<DecodePool> {
    let queue_timeout = Duration::from_millis(100);
    let limits = PoolLimits { memory_bytes, workers, max_waiting, queue_timeout, ..PoolLimits::default() };
    Arc::new(DecodePool::new(limits))
}

/// A reservation of `bytes` for an image that is not small.
async fn large(pool: &Arc<DecodePool>, bytes: u64) -> Result<Reservation> {
    let mut place = pool.admit(Arc::default())?;
    place.reserve(Cost::new(bytes, u64::MAX)).await?;
    Ok(place)
}

async fn small(pool: &Arc<DecodePool>, bytes: u64) -> Result<Reservation> {
    let mut place = pool.admit(Arc::default())?;
    place.reserve(Cost::new(bytes, 0)).await?;
    Ok(place)
}

/// Calls a function at its end.
struct Work<F>(Option<F>);

impl<F: FnOnce(&Stop) -> Result<()> + Send> Session for Work<F> {
    fn push(&mut self, _chunk: Bytes, _out: &mut dyn Sink) -> Result<Flow> {
        Ok(Flow::More)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        let work = self.0.take().expect("it finishes once");
        work(&out.stop())?;
        out.head(Head::new("image/png"));
        out.body(Bytes::from_static(b"body"));
        Ok(())
    }
}

/// An output whose signal is that of a reservation.
struct Stoppable(Output, Stop);

impl Sink for Stoppable {
    fn head(&mut self, head: Head) {
        Sink::head(&mut self.0, head);
    }
    fn body(&mut self, bytes: Bytes) {
        Sink::body(&mut self.0, bytes);
    }
    fn stop(&self) -> Stop {
        self.1.clone()
    }
}

/// Runs `work` as the end of a session.
async fn run(
    reservation: &mut Reservation,
    work: impl FnOnce(&Stop) -> Result<()> + Send + 'static,
) -> Result<Output> {
    let output = Stoppable(Output::default(), reservation.stop());
    let feed = |input: tokio::sync::mpsc::Sender<Input>| async move {
        let _ = input.send(Input::End).await;
        Ok(())
    };
    let output = reservation.run(Box::new(Work(Some(work))), output, feed).await?;
    Ok(output.0)
}

#[tokio::test]
async fn images_count_by_the_bytes_that_they_reserve() {
    // A quarter is for sources, and a quarter of the rest for the small lane.
    let pool = pool(16 << 20, 1, 8);
    let first = large(&pool, 8 << 20).await.unwrap();
    drop(large(&pool, 1 << 20).await.unwrap());
    assert_eq!(large(&pool, 2 << 20).await.unwrap_err().kind, Kind::Busy, "a larger image waits");
    drop(small(&pool, 3 << 20).await.unwrap());
    drop(first);
    drop(large(&pool, 9 << 20).await.unwrap());
    assert_eq!(large(&pool, (9 << 20) + 1).await.unwrap_err().kind, Kind::LimitExceeded);
}

#[tokio::test]
async fn memory_is_released_with_the_last_slice_of_the_output() {
    let pool = pool(16 << 20, 1, 8);
    let first = large(&pool, 9 << 20).await.unwrap();
    let [mut output] = <[Bytes; 1]>::try_from(first.finish([Bytes::from(vec![0; 4 << 20])])).unwrap();
    let second = large(&pool, 5 << 20).await.unwrap();
    let last = output.split_off(output.len() - 1);
    drop(output);
    assert_eq!(large(&pool, 1 << 20).await.unwrap_err().kind, Kind::Busy, "one byte keeps all of them");
    drop(last);
    drop(large(&pool, 4 << 20).await.unwrap());
    drop(second);
}

#[tokio::test]
async fn sources_have_their_own_budget_and_follow_their_bytes() {
    let pool = pool(16 << 20, 1, 8);
    let first = pool.admit(Arc::default()).unwrap();
    assert_eq!(first.reserve_source(Some(3 << 20)).await.unwrap(), 3 << 20);
    let second = pool.admit(Arc::default()).unwrap();
    assert_eq!(second.reserve_source(None).await.unwrap_err().kind, Kind::Busy, "it takes the whole share");
    let output = first.finish([Bytes::from_static(b"a slice of the source")]);
    assert_eq!(
        pool.admit(Arc::default()).unwrap().reserve_source(Some(2 << 20)).await.unwrap_err().kind,
        Kind::Busy
    );
    drop(output);
    let third = pool.admit(Arc::default()).unwrap();
    assert!(
        third.reserve_source(None).await.unwrap() < 4 << 20,
        "a growing buffer takes more than its source"
    );
    assert_eq!(second.reserve_source(Some((4 << 20) + 1)).await.unwrap_err().kind, Kind::LimitExceeded);
}

#[tokio::test]
async fn the_queue_is_limited_and_leaving_it_makes_room() {
    let pool = pool(1 << 20, 1, 0);
    let (first, second) = (pool.admit(Arc::default()).unwrap(), pool.admit(Arc::default()).unwrap());
    assert_eq!(pool.admit(Arc::default()).unwrap_err().kind, Kind::Busy);
    let output = first.finish([Bytes::from_static(b"sent slowly")]);
    let third = pool.admit(Arc::default()).expect("a response that is being sent takes no place");
    let error = pool.admit(Arc::default()).unwrap_err();
    assert_eq!((error.kind, error.retry_after), (Kind::Busy, Some(RETRY_SECS)));
    drop((second, third, output));
}

#[tokio::test(flavor = "multi_thread")]
async fn small_images_do_not_wait_for_large_ones() {
    let pool = pool(16 << 20, 1, 8);
    let mut reservation = large(&pool, 9 << 20).await.unwrap();
    let (end, may_end) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let running = tokio::spawn(async move {
        run(&mut reservation, move |_| {
            started.send(()).unwrap();
            may_end.recv().unwrap();
            Ok(())
        })
        .await
    });
    has_started.await.unwrap();
    let mut place = small(&pool, 1 << 20).await.unwrap();
    assert_eq!(run(&mut place, |_| Ok(())).await.unwrap().body(), b"body");
    end.send(()).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_stopped_when_its_client_disconnects_and_keeps_its_memory_to_the_end() {
    let pool = pool(16 << 20, 1, 8);
    let mut reservation = large(&pool, 9 << 20).await.unwrap();
    let stop = reservation.stop();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let (end, may_end) = mpsc::channel::<()>();
    let running = tokio::spawn(async move {
        run(&mut reservation, move |stop| {
            started.send(()).unwrap();
            may_end.recv().unwrap();
            stop.check()
        })
        .await
    });
    has_started.await.unwrap();
    assert_eq!(stop.reason(), None);
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(stop.reason(), Some(StopReason::Disconnected));
    assert_eq!(large(&pool, 1 << 20).await.unwrap_err().kind, Kind::Busy, "the memory is in use");
    end.send(()).unwrap();
    let next = timeout(Duration::from_secs(10), async {
        loop {
            if let Ok(reservation) = large(&pool, 9 << 20).await {
                break reservation;
            }
        }
    });
    assert_eq!(run(&mut next.await.unwrap(), |_| Ok(())).await.unwrap().body(), b"body");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_stopped_at_its_deadline() {
    let work_timeout = Duration::from_millis(50);
    let pool = Arc::new(DecodePool::new(PoolLimits { work_timeout, ..PoolLimits::default() }));
    let mut reservation = large(&pool, 1 << 20).await.unwrap();
    let (ended, has_ended) = tokio::sync::oneshot::channel();
    let result = run(&mut reservation, move |stop| {
        while stop.check().is_ok() {
            std::thread::yield_now();
        }
        ended.send(stop.reason()).unwrap();
        stop.check()
    });
    assert_eq!(result.await.unwrap_err().kind, Kind::Timeout);
    assert_eq!(has_ended.await.unwrap(), Some(StopReason::Deadline));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_and_releases_its_core() {
    let pool = pool(1 << 20, 1, 0);
    let mut first = small(&pool, 1 << 10).await.unwrap();
    assert_eq!(run(&mut first, |_| panic!("a defect")).await.unwrap_err().kind, Kind::Internal);
    assert_eq!(run(&mut first, |_| Ok(())).await.unwrap().body(), b"body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_source_leaves_the_core_to_others() {
    let pool = pool(16 << 20, 1, 8);
    let mut slow = small(&pool, 1 << 10).await.unwrap();
    let (input, mut inputs) = tokio::sync::mpsc::channel(1);
    let running = tokio::spawn(async move {
        let feed = |sender: tokio::sync::mpsc::Sender<Input>| async move {
            sender.send(Input::Chunk(Bytes::from_static(b"first"))).await.ok();
            input.send(sender).await.ok();
            std::future::pending().await
        };
        slow.run(Box::new(Work(Some(|_: &Stop| Ok(())))), Output::default(), feed).await
    });
    let sender = inputs.recv().await.unwrap();
    let mut other = small(&pool, 1 << 10).await.unwrap();
    assert_eq!(run(&mut other, |_| Ok(())).await.unwrap().body(), b"body");
    sender.send(Input::End).await.ok().unwrap();
    assert_eq!(running.await.unwrap().unwrap().body(), b"body");
}
