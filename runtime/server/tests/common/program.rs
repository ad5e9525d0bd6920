//! The program `safelight`, run as an operator runs it.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Output, Stdio},
};

/// A running `safelight serve`, which ends when this value is dropped.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    /// The line of the log that says so.
    pub(crate) listening: Value,
    child: Child,
    log: BufReader<ChildStderr>,
}

/// Returns the program with an empty environment.
pub(crate) fn safelight(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_safelight"));
    command.args(arguments).env_clear();
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    safelight(arguments).output().unwrap()
}

/// Sends `child` the signal of this name.
pub(crate) fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

impl Program {
    /// Serves `source` on a free port, with these variables.
    pub(crate) fn serve(source: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = safelight(&["serve", source, "--listen", "127.0.0.1:0"]);
        Self::start(command.envs(variables.iter().copied()))
    }

    /// Starts a command that serves, and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let listening = next_line(&mut log, "listening");
        let address = listening["address"].as_str().unwrap().parse().unwrap();
        Self { address, listening, child, log }
    }

    /// Returns the address of the admin listener.
    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.listening["admin_address"].as_str().unwrap().parse().unwrap()
    }

    /// Reads the log to its end on a thread of its own. The program waits while the pipe of its log is full.
    #[cfg(unix)]
    pub(crate) fn ignore_log(&self) {
        use std::os::fd::AsFd;
        let mut log = std::fs::File::from(self.log.get_ref().as_fd().try_clone_to_owned().unwrap());
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    }

    /// Returns the next log line of a request.
    pub(crate) fn request_line(&mut self) -> Value {
        self.line("request")
    }

    /// Returns the next log line with this message.
    pub(crate) fn line(&mut self, message: &str) -> Value {
        next_line(&mut self.log, message)
    }

    /// Sends the program the signal of this name.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Tells the program to stop, as a container platform does.
    pub(crate) fn stop(&self) {
        self.signal("-TERM");
    }

    /// Stops the program as a container platform does, and returns whether it ended with success.
    pub(crate) fn terminate(mut self) -> bool {
        self.stop();
        self.child.wait().unwrap().success()
    }

    /// Returns the processes that the program started.
    pub(crate) fn children(&self) -> Vec<u32> {
        let entries = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        let is_child = |process: &u32| {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            status.lines().any(|line| line == format!("PPid:\t{}", self.child.id()))
        };
        entries.filter_map(|name| name.parse().ok()).filter(is_child).collect()
    }

    /// Returns the CPU time of the program and of all that it started.
    pub(crate) fn cpu_time(&self) -> std::time::Duration {
        // Fields 14 to 17 of proc_pid_stat(5), in hundredths of a second: the process, and its children that ended.
        let ticks = |process: u32, fields: usize| -> u64 {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            let rest = stat.rsplit(')').next().unwrap_or_default();
            rest.split_whitespace().skip(11).take(fields).filter_map(|field| field.parse::<u64>().ok()).sum()
        };
        let children: u64 = self.children().into_iter().map(|child| ticks(child, 2)).sum();
        std::time::Duration::from_millis(10 * (ticks(self.child.id(), 4) + children))
    }

    /// Returns the peak of the resident memory, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// Returns the resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    fn status_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the next line of the log with this message.
fn next_line(log: &mut BufReader<ChildStderr>, message: &str) -> Value {
    loop {
        let mut text = String::new();
        log.read_line(&mut text).unwrap();
        let line: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not a log line: {text:?}"));
        if line["message"] == message {
            return line;
        }
    }
}
