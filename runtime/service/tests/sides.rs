//! Watermarks: which images a query may name, and when they are read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Memory, get, service, start_with};
use safelight_core::{Kind, Plan};
use safelight_registry::REGISTRY;
use safelight_service::{
    handle::Service,
    meter::Meter,
    sides::{SideSettings, Sides},
};
use std::{sync::Arc, time::Duration};

/// Allows all images that the tests have, and names one.
fn settings() -> SideSettings {
    let logo = "/brand/logo.png".parse().unwrap();
    SideSettings {
        watermarks: Some([("logo".to_owned(), logo)].into()),
        watermark_paths: vec!["/logos/".parse().unwrap()],
    }
}

fn photo() -> Vec<u8> {
    safelight_images::read("photo.jpg")
}

#[tokio::test]
async fn a_watermark_is_read_once() {
    let memory = Memory::new(photo());
    let service = Service { sides: Sides::new(settings()), ..service(REGISTRY) };
    let server = start_with(service, Arc::new(memory.clone())).await;
    let target =
        |name: &str, width: u32| format!("/photo.jpg?width={width}&watermark={name}&watermarkScale=0.2");
    let first = get(server.address, &target("logo", 40)).await;
    assert_eq!((first.status, memory.opens().len()), (200, 2));
    let plain = get(server.address, "/photo.jpg?width=40").await;
    assert_ne!(first.body, plain.body);
    let opens = memory.opens().len();
    for width in 41..45 {
        assert_eq!(get(server.address, &target("LOGO", width)).await.status, 200);
    }
    assert_eq!(memory.opens().len(), opens + 4);
    for (name, status) in [
        ("/logos/a.png", 200),
        ("/private/a.png", 400),
        ("/logos/../a.png", 400),
        ("/logos/.a", 400),
        ("b", 400),
    ] {
        assert_eq!(get(server.address, &target(name, 40)).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn a_watermark_that_has_changed_is_read_again() {
    let memory = Memory::new(photo());
    let sides = Sides::new(settings()).of_origin(Arc::new(memory.clone())).with_max_age(Duration::ZERO);
    let service = service(REGISTRY);
    let place = async |name: &str| {
        let mut plan =
            Plan::new(REGISTRY, REGISTRY.query(&format!("watermark={name}"), "").unwrap()).unwrap();
        let version = sides.place(&mut plan, &service, &Arc::new(Meter::default())).await?;
        assert!(plan.sides().all(|side| side.image.is_some()));
        Ok::<_, safelight_core::Error>(version)
    };
    let first = place("logo").await.unwrap();
    assert_eq!((memory.opens().len(), memory.probes()), (1, 0));
    assert_eq!(place("logo").await.unwrap(), first);
    assert_eq!((memory.opens().len(), memory.probes()), (1, 1));
    memory.set_etag("\"two\"");
    // The pixels are the same.
    assert_eq!(place("logo").await.unwrap(), first);
    assert_eq!((memory.opens().len(), memory.probes()), (2, 2));
    assert_eq!(place("other").await.unwrap_err().kind, Kind::InvalidParam);
}
