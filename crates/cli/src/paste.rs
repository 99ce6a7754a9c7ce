//! Reading a pasted callback from stdin: not echoed on a terminal, and not cut at the terminal's 4096 characters.

use std::io::{BufRead, Read};

use tokio::sync::mpsc;

/// Lines from stdin. On a terminal neither echo nor line editing, until the value is dropped.
pub(crate) struct Paste {
    pub(crate) lines: mpsc::UnboundedReceiver<String>,
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

/// No address is longer (THREATS.md T5 refuses more anyway).
const LONGEST: usize = 16 * 1024;

impl Paste {
    pub(crate) fn start(terminal: bool) -> Paste {
        #[cfg(unix)]
        let before = if terminal { quiet() } else { None };
        let (send, lines) = mpsc::unbounded_channel();
        // Not a runtime's thread: it stays in its read when the sign-in has ended, and dies with the process.
        std::thread::spawn(move || {
            if terminal {
                read_keys(&send)
            } else {
                read_lines(&send)
            }
        });
        Paste {
            lines,
            #[cfg(unix)]
            before,
        }
    }
}

fn read_lines(send: &mpsc::UnboundedSender<String>) {
    let mut stdin = std::io::stdin().lock();
    loop {
        let mut line = String::new();
        match (&mut stdin).take(LONGEST as u64).read_line(&mut line) {
            Ok(1..) => {
                if !line.trim().is_empty() && send.send(line.trim().to_owned()).is_err() {
                    return;
                }
            }
            Ok(0) | Err(_) => return, // the answer may still come by itself
        }
    }
}

fn read_keys(send: &mpsc::UnboundedSender<String>) {
    let mut line = Vec::new();
    for byte in std::io::stdin().lock().bytes() {
        match byte {
            Ok(b'\n' | b'\r') => {
                let text = String::from_utf8_lossy(&line).trim().to_owned();
                line.clear();
                if !text.is_empty() && send.send(text).is_err() {
                    return;
                }
            }
            Ok(0x15) => line.clear(), // Ctrl-U
            Ok(0x08 | 0x7f) => drop(line.pop()),
            Ok(byte) if line.len() < LONGEST => line.push(byte),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

#[cfg(unix)]
fn quiet() -> Option<rustix::termios::Termios> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let before = tcgetattr(rustix::stdio::stdin()).ok()?;
    let mut quiet = before.clone();
    quiet
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ICANON);
    tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &quiet).ok()?;
    Some(before)
}

#[cfg(unix)]
impl Drop for Paste {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = &self.before {
            // Flush: what was pasted and not read must not reach the shell.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, before);
        }
    }
}
