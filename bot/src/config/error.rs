//! What is wrong with a configuration: which file, which key, and how to mend it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A configuration that cannot be used; everything that was found wrong with it at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong, in the file's order where that is known.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, dotted; empty if it is the file as a whole.
    pub key: String,
    /// Line in the file, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl Problem {
    /// A problem with `key`.
    pub fn new(key: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { key: key.into(), line: None, what: what.into(), fix: fix.into() }
    }

    /// The same, at that line.
    pub fn at_line(self, line: Option<usize>) -> Self {
        Self { line, ..self }
    }
}

impl ConfigError {
    /// An error with one problem.
    pub fn one(file: &Path, problem: Problem) -> Self {
        Self { file: file.to_owned(), problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some(line) = problem.line {
                write!(f, ":{line}")?;
            }
            if !problem.key.is_empty() {
                write!(f, ": {}", problem.key)?;
            }
            write!(f, ": {}; {}", problem.what.replace('\n', " "), problem.fix)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
