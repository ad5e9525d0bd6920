//! The tasks, as they run in a child.

use rustix::{
    process::{Pid, Signal, kill_process},
    stdio::stdin,
};
use safelight_core::{Error, Kind, Result};
use safelight_isolate::{Input, Output};
use std::{
    fmt::Display,
    fs, hint,
    io::Read,
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::UnixStream,
    process::{Command, abort, exit},
    thread,
};

/// Runs the task whose name is the first line of the input.
pub(crate) fn run(input: Input, output: &mut Output) -> Result<()> {
    output.put(&result(input)?)
}

fn result(mut input: Input) -> Result<Vec<u8>> {
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(failed)?;
    let (name, argument) = text.split_once('\n').unwrap_or((&text, ""));
    match name {
        "reverse" => return Ok(argument.bytes().rev().collect()),
        "environment" => return Ok(std::env::vars().count().to_string().into_bytes()),
        "report" => {
            return Err(
                Error::new(Kind::Corrupt, "test", "damaged").with_source(std::io::Error::other("a cause"))
            );
        }
        "flood" => return Ok(vec![7; 2 << 20]),

        "abort" => abort(),
        "exit" => exit(7),
        "panic" => panic!("a defect"),
        "overflow" => return Ok(vec![overflow(1) as u8]),
        "allocate" => return Ok(allocate(1 << 30)),
        "allocate often" => return Ok((0..1 << 10).flat_map(|_| allocate(1 << 20)).collect()),
        "loop" => endless(),

        // Messages as only a child sends that was taken over.
        "send a wrong length" => send(&[0, 0, u64::MAX]),
        "send a long length" => send(&[0, 0, (1 << 20) + 1]),
        "send a wrong state" => send(&[2, 0, 0]),
        "send a wrong error" => send(&[1, 0, 1 << 20]),
        "send a part and wait" => {
            send(&[0]);
            endless();
        }

        "read a file" => fs::read("/etc/passwd").map(drop).map_err(failed)?,
        "write a file" => fs::write(argument, "x").map_err(failed)?,
        "list a folder" => fs::read_dir("/").map(drop).map_err(failed)?,
        "delete a file" => fs::remove_file(argument).map_err(failed)?,
        "connect" => TcpStream::connect(argument).map(drop).map_err(failed)?,
        "listen" => TcpListener::bind("127.0.0.1:0").map(drop).map_err(failed)?,
        "send a datagram" => UdpSocket::bind("127.0.0.1:0").map(drop).map_err(failed)?,
        "make a socket pair" => UnixStream::pair().map(drop).map_err(failed)?,
        "start a program" => Command::new("/bin/true").status().map(drop).map_err(failed)?,
        "start a thread" => thread::Builder::new().spawn(|| ()).map(drop).map_err(failed)?,
        "kill the parent" => {
            let parent = Pid::from_raw(argument.parse().unwrap()).unwrap();
            kill_process(parent, Signal::KILL).map_err(failed)?;
        }
        _ => return Err(failed("unknown task")),
    }
    Ok(vec![])
}

fn failed(error: impl Display) -> Error {
    Error::new(Kind::Internal, "test", error.to_string())
}

/// Computes until it is killed.
fn endless() -> ! {
    loop {
        hint::spin_loop();
    }
}

/// Returns memory that is in use.
fn allocate(bytes: usize) -> Vec<u8> {
    hint::black_box(vec![1; bytes])
}

/// Calls itself until the stack is full, whatever the optimiser does.
fn overflow(depth: u64) -> u64 {
    let frame = hint::black_box([depth; 64]);
    if frame[0] == u64::MAX { 0 } else { hint::black_box(overflow(frame[63] + 1)) + frame[0] }
}

/// Sends a message in place of the worker's, or the start of one.
fn send(numbers: &[u64]) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
    assert_eq!(rustix::io::write(stdin(), &bytes).unwrap(), bytes.len());
}
