//! Whether the log is as it was written.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use crate::audit::{AuditError, Log, Stamp, chain, files};

/// What a look at the whole chain brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many lines fit.
    pub lines: u64,
    /// The first line there is; its number is above 1 where older files are gone or packed.
    pub first: Option<Stamp>,
    /// The last line that fits: write down its number and hash elsewhere, and a cut tail will be noticed.
    pub last: Option<Stamp>,
    /// The first line that does not fit.
    pub broken: Option<Broken>,
    /// Whether the line whose hash was written down is there; nothing was asked for where absent.
    pub noted: Option<bool>,
}

/// A line that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {what}", path.display())]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: &'static str,
}

impl Verdict {
    /// Tells whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.broken.is_none() && self.noted != Some(false)
    }
}

impl Log {
    /// Goes through all files that can be read, the oldest first, and ends at the first line that does not fit;
    /// `noted` is the hash of a line that must be among them, or right before them.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn verify(&self, noted: Option<&str>) -> Result<Verdict, AuditError> {
        let older = files::has_older(self.path()).map_err(|source| self.error("read", source))?;
        let mut verdict =
            Verdict { lines: 0, first: None, last: None, broken: None, noted: noted.map(|_| false) };
        for path in self.files()? {
            let failed = |source| AuditError { what: "read", path: path.clone(), source };
            let mut file = BufReader::new(File::open(&path).map_err(failed)?);
            let (mut line, mut number) = (Vec::new(), 0);
            while files::next_line(&mut file, &mut line).map_err(failed)? {
                number += 1;
                if let Err(what) = verdict.follow(&line, noted, older) {
                    verdict.broken = Some(Broken { path, line: number, what });
                    return Ok(verdict);
                }
            }
        }
        Ok(verdict)
    }
}

impl Verdict {
    /// Takes the next line, with its end.
    fn follow(&mut self, line: &[u8], noted: Option<&str>, older: bool) -> Result<(), &'static str> {
        let line =
            line.strip_suffix(b"\n").ok_or("the line was never finished; the next change sets it aside")?;
        let link = chain::open(line).ok_or("the line is not as it was written")?;
        let is_noted = |hash: &str| noted.is_some_and(|noted| noted.eq_ignore_ascii_case(hash));
        match &self.last {
            None if link.number == 1 && link.previous != chain::NOTHING => {
                return Err("the first line says that another one goes before it");
            }
            None if link.number > 1 && is_noted(link.previous) => self.noted = Some(true),
            None if link.number > 1 && !older => {
                return Err(
                    "lines before this one are missing; where they lie elsewhere, give the last one's hash",
                );
            }
            Some(last) if link.number != last.number.saturating_add(1) || link.previous != last.hash => {
                return Err(
                    "the line does not follow the one before; lines are missing, or were put in or moved",
                );
            }
            None | Some(_) => (),
        }
        let stamp = link.stamp();
        if is_noted(&stamp.hash) {
            self.noted = Some(true);
        }
        self.lines += 1;
        self.first.get_or_insert_with(|| stamp.clone());
        self.last = Some(stamp);
        Ok(())
    }
}
