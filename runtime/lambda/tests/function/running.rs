//! The program: settings and memory.

use crate::{
    access_point::get_event,
    cloud::{Cloud, Fault, event},
    function_url::browse,
};

#[tokio::test]
async fn an_invalid_setting_ends_the_program_and_is_named() {
    let cloud = Cloud::start().await;
    for (name, value) in [
        ("SAFELIGHT_REDACT", "perhaps"),
        ("SAFELIGHT_MAX_PIXELS", "many"),
        ("SAFELIGHT_SOURCE_TIMEOUT_SECS", "0"),
        ("SAFELIGHT_LOG", "loud"),
    ] {
        let output = cloud.command(&[(name, value)]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && text.contains(name) && text.contains(value), "{name}: {text}");
    }
}

/// Checks that neither of two responses of 64 MiB is buffered.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_photo_streams_in_little_memory() {
    const SIZE: usize = 64 << 20;
    let cloud = Cloud::start().await;
    cloud.put("photo.jpg", safelight_images::long_jpeg(SIZE));
    let function = cloud.run(&[("SAFELIGHT_BUCKET", "photos")]);
    let written = cloud.get(&event("get")).await;
    assert!(written.whole && SIZE < written.body.len());
    assert_eq!(written.header("transfer-encoding"), "chunked");
    let sent = cloud.invoke(&browse("GET", "/photo.jpg", &[])).await;
    assert!(sent.whole && sent.trailers.is_empty() && sent.web().1 == written.body);
    let peak = function.memory_kib("VmHWM");
    assert!(peak < 40 << 10, "{peak} KiB were resident");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_does_not_grow_with_invocations() {
    const FAULTS: [Fault; 5] =
        [Fault::None, Fault::None, Fault::Reset, Fault::Error(404, "NoSuchKey"), Fault::Unwritable];
    let cloud = Cloud::start().await;
    cloud.put("photo.jpg", safelight_images::read("restart.jpg"));
    let function = cloud.run(&[("SAFELIGHT_BUCKET", "photos")]);
    let mut settled = 0;
    for round in 0..1000 {
        let target = ["/photo.jpg", "/photo.jpg?showExif=true", "/photo.jpg?width=64&format=webp"][round % 3];
        if round % 2 == 0 {
            cloud.break_with(FAULTS[round / 2 % FAULTS.len()]);
            cloud.invoke(&get_event(target, &[])).await;
            assert_eq!(cloud.written().len(), 1, "{round}");
        } else {
            // Without resets: the client of the bucket would retry them, and wait.
            cloud.break_with(FAULTS[round / 2 % 2 * 3]);
            cloud.invoke(&browse("GET", target, &[])).await;
        }
        cloud.requests();
        if round == 300 {
            settled = function.memory_kib("VmRSS");
        }
    }
    let grown = function.memory_kib("VmRSS").saturating_sub(settled);
    assert!(grown < 4 << 10, "{grown} KiB more than after 300 invocations, when there were {settled}");
}
