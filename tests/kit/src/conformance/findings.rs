use std::fmt;

/// What speaks against a fact: one line each, with the place first
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Findings(Vec<String>);

impl Findings {
    pub(super) fn one(place: &str, told: impl fmt::Display) -> Self {
        let mut findings = Self::default();
        findings.add(place, told);
        findings
    }

    pub(super) fn add(&mut self, place: &str, told: impl fmt::Display) {
        self.0.push(format!("{place}: {told}"));
    }

    pub(super) fn into_result(self) -> Result<(), Self> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(self),
        }
    }

    /// The lines
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// As a failed test prints it
impl fmt::Debug for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(
            f,
            "{count} {}",
            if count == 1 { "finding" } else { "findings" }
        )?;
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for Findings {}
