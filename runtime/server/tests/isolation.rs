//! The child processes of the program: the same bytes as without them, and no harm when they die.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, get, run};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread::yield_now,
};
use tempfile::TempDir;

/// An image whose encode takes about two seconds.
const SLOW: &str = "/photo.jpg?width=1200&height=1200&fit=fill&format=avif";

fn serve() -> Program {
    Program::serve(safelight_images::folder().to_str().unwrap(), &[])
}

/// Sends all of `processes` a signal. Some may have ended.
fn kill(name: &str, processes: &[u32]) {
    for process in processes {
        Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status().unwrap();
    }
}

#[tokio::test]
async fn server_and_command_line_encode_the_same_avif() {
    let program = serve();
    let reply = get(program.address, "/photo.jpg?width=96&format=avif").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/avif"), "{}", reply.text());

    let folder = TempDir::new().unwrap();
    let output = folder.path().join("out.avif");
    let input = safelight_images::path("photo.jpg");
    let (input, name) = (input.to_str().unwrap(), output.to_str().unwrap());
    assert!(run(&["transform", "width=96&format=avif", input, "-o", name]).status.success());
    assert!(fs::read(output).unwrap() == reply.body);
    assert!(program.terminate());
}

#[tokio::test]
async fn a_child_that_dies_is_an_error_of_one_request() {
    let program = serve();
    assert_eq!(get(program.address, "/photo.jpg?width=96&format=avif").await.status, 200);
    let slow = tokio::spawn(get(program.address, SLOW));
    // The one that works is among those that exist until the response.
    while !slow.is_finished() {
        kill("-SEGV", &program.children());
        tokio::task::yield_now().await;
    }
    let reply = slow.await.unwrap();
    assert_eq!(reply.status, 500, "{}", reply.text());
    assert!(!reply.text().contains("signal"), "only the log says how: {}", reply.text());
    assert_eq!(get(program.address, "/photo.jpg?width=96&format=avif").await.status, 200);
    assert!(program.terminate());
}

#[tokio::test]
async fn children_end_with_the_program_however_it_ends() {
    let program = serve();
    assert_eq!(get(program.address, "/photo.jpg?width=96&format=avif").await.status, 200);
    let slow = tokio::spawn(get(program.address, SLOW));
    // Two wait, and one works.
    while program.children().len() < 3 {
        tokio::task::yield_now().await;
    }
    let children = program.children();
    // Not by a signal that it could handle.
    drop(program);
    slow.abort();
    for child in children {
        while Path::new(&format!("/proc/{child}/exe")).exists() {
            yield_now();
        }
    }
}

#[tokio::test]
async fn hostile_drawings_are_errors_of_one_request_and_read_no_file() {
    let folder = TempDir::new().unwrap();
    let svg = |inside: &str| {
        format!("<svg xmlns='http://www.w3.org/2000/svg' width='24' height='24'>{inside}</svg>")
    };
    let square = |colour: &str| svg(&format!("<rect id='a' width='24' height='24' fill='{colour}'/>"));
    let picture = |data: &str| format!("<image href='data:image/gif;base64,{data}'/>");
    let many = |at: u32| format!("<g id='a{at}'>{}</g>", format!("<use href='#a{}'/>", at + 1).repeat(10));
    let many = (0..10).map(many).collect::<String>();
    let secret = folder.path().join("secret.svg").display().to_string();
    let reference = |name: &str, start: &str| {
        let (width, url) = ("width='24' height='24'", format!("{start}{secret}#a"));
        svg(&format!("<{name} href='{url}' {width}/><{name} href='secret.svg#a' {width}/>"))
    };
    let files = [
        // This passes the count, and takes 40 GB.
        (
            svg("<pattern id='p' width='100000' height='100000' patternUnits='userSpaceOnUse'>\
                 <rect width='9' height='9'/></pattern><rect width='24' height='24' fill='url(#p)'/>"),
            413,
        ),
        (svg(&format!("{many}<g id='a10'><rect/></g>")), 413),
        (format!("<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>{}", svg("<text>&b;</text>")), 422),
        (
            svg(&format!(
                "<filter id='f'><feOffset/></filter><g filter='url(#f)'>{}</g>",
                picture("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=")
            )),
            415,
        ),
        // Damaged: not shown, as in browsers.
        (svg(&picture("R0lGODlhAQABAAAAACwAAAAAAQAB")), 200),
        ("\u{1f}\u{8b} is how SVGZ begins".to_owned(), 415),
        (reference("use", "file://"), 200),
        (reference("image", "file://"), 200),
        (reference("image", ""), 200),
        (reference("image", "http://127.0.0.1"), 200),
    ];
    fs::write(&secret, square("#f00")).unwrap();
    fs::write(folder.path().join("empty.svg"), svg("")).unwrap();
    let program = Program::serve(folder.path().to_str().unwrap(), &[]);
    let empty = get(program.address, "/empty.svg?width=400").await;
    for (index, (source, status)) in files.iter().enumerate() {
        fs::write(folder.path().join(format!("{index}.svg")), source).unwrap();
        let reply = get(program.address, &format!("/{index}.svg?width=400")).await;
        assert_eq!(reply.status, *status, "{source}: {}", reply.text());
        assert!(*status != 200 || reply.body == empty.body, "{source} shows something");
        // The server still draws.
        let reply = get(program.address, "/secret.svg?width=400").await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "image/png"), "after {source}");
        // The width and the height of a PNG follow its signature.
        assert_eq!(reply.body[16..24], [0, 0, 1, 0x90, 0, 0, 1, 0x90]);
        assert!(reply.body != empty.body);
    }
    assert!(program.terminate());
}

#[tokio::test]
async fn drawings_have_the_pictures_in_them_and_the_fonts_of_a_folder() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    let svg = |inside: &str| {
        format!("<svg xmlns='http://www.w3.org/2000/svg' width='24' height='24'>{inside}</svg>").into_bytes()
    };
    // Two pixels, of which the first is red.
    let picture = "<image href='data:image/bmp;base64,\
        Qk0+AAAAAAAAADYAAAAoAAAAAgAAAAEAAAABABgAAAAAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAD/AP8AAAA=' \
        width='24' height='24' preserveAspectRatio='none' style='image-rendering:pixelated'/>";
    let shapes =
        "<rect width='12' height='24' fill='#f00'/><rect x='12' width='12' height='24' fill='#0f0'/>";
    write("picture.svg", &svg(picture));
    write("shapes.svg", &svg(shapes));
    write("text.svg", &svg("<text y='20' font-family='DejaVu Serif'>il</text>"));
    let fonts = folder.path().join("fonts");
    fs::create_dir(&fonts).unwrap();
    fs::write(fonts.join("serif.ttf"), dejavu::serif::regular()).unwrap();

    let plain = Program::serve(folder.path().to_str().unwrap(), &[]);
    let with_fonts =
        Program::serve(folder.path().to_str().unwrap(), &[("SAFELIGHT_FONTS", fonts.to_str().unwrap())]);
    let drawn = async |program: &Program, path: &str| {
        let reply = get(program.address, &format!("/{path}?width=48&format=png")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply
    };
    let picture = drawn(&plain, "picture.svg").await;
    assert!(picture.body == drawn(&plain, "shapes.svg").await.body);
    assert!(picture.body == drawn(&with_fonts, "picture.svg").await.body);
    let (sans, serif) = (drawn(&plain, "text.svg").await, drawn(&with_fonts, "text.svg").await);
    assert!(sans.body != serif.body, "another font");
    assert_ne!(sans.header("etag"), serif.header("etag"));
    assert!(plain.terminate() && with_fonts.terminate());

    let missing = folder.path().join("none");
    let output = run(&["serve", folder.path().to_str().unwrap(), "--fonts", missing.to_str().unwrap()]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("cannot use the fonts in"), "{error}");
}
